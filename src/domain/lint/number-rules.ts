import type { OverrideFields } from '../policy/matching.js';
import type { Discovery } from './rule.js';
import type { LintSubject } from './subject.js';
import { named } from './wording.js';
import { placeOfField } from './written-fields.js';

// What concerns one number of an entry that the server uses.

/** Makes a rule of a question about one field as the server reads it, placed where that field is written. */
function fieldRule<Name extends keyof OverrideFields>(
  key: Name,
  wireName: string,
  judge: (value: NonNullable<OverrideFields[Name]>, fields: OverrideFields) => { what: string; cure: string } | null,
) {
  return function* find({ suspects, source }: LintSubject): Iterable<Discovery> {
    for (const entry of suspects) {
      const { prefix, fields } = entry;
      const value = fields?.[key];
      if (fields === null || value === undefined) continue;
      const found = judge(value, fields);
      if (found === null) continue;
      yield {
        at: placeOfField(source, entry, wireName),
        route: prefix,
        message: `${named(prefix)}: ${found.what}`,
        cure: found.cure,
        command: null,
      };
    }
  };
}

// Milliseconds in a minute: beyond, the whole-numbered interval between two requests is 0.
const highestRate = 60_000;

export const findRateTooHigh = fieldRule('ratePerMin', 'rate', (rate) =>
  rate > highestRate
    ? {
        what: `rate ${rate} makes the interval between two requests 0 ms, which blocks every one`,
        cure: `Write at most ${highestRate}, or shadow true to let everything pass`,
      }
    : null,
);

export const findRateNotPositive = fieldRule('ratePerMin', 'rate', (rate) =>
  rate <= 0
    ? {
        what: `rate ${rate} gives no interval: the server's division fails, or every request is blocked`,
        cure: 'Write at least 1',
      }
    : null,
);

export const findNegativeBurst = fieldRule('burst', 'burst', (burst) =>
  burst < 0
    ? {
        what: `burst ${burst} is below 0: a caller not seen before never gets through`,
        cure: 'Write 0 for one request at a time, or more',
      }
    : null,
);

export const findZeroBurst = fieldRule('burst', 'burst', (burst) =>
  burst === 0
    ? {
        what: 'burst 0 lets one request through at a time: of two at once the second is refused, whatever the rate',
        cure: 'Write 1 or more, unless that is meant',
      }
    : null,
);

export const findShownWindow = fieldRule('windowSeconds', 'window', (window, { ratePerMin }) =>
  window !== 60 && ratePerMin !== undefined
    ? {
        what: `window ${window} is only displayed: rate ${ratePerMin} counts per minute, whatever it says`,
        cure: 'Give the rate per minute, and window 60 or none',
      }
    : null,
);

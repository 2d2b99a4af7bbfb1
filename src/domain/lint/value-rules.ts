import { nearNames } from '../near-names.js';
import { coerceBoolean, coerceInteger, type Coerced } from '../policy/coercion.js';
import { fieldNames, quoteValue, readValue } from '../policy/entry-reading.js';
import type { Discovery } from './rule.js';
import type { LintEntry, LintSubject } from './subject.js';
import { named, setCommand, unsetCommand } from './wording.js';
import { writtenFields, type WrittenField } from './written-fields.js';

// What concerns the value of one entry.

function coercedField({ source }: LintSubject, { name, valueAt, valueEnd }: WrittenField): Coerced<number | boolean> {
  const value = readValue(source, valueAt, valueEnd);
  return name === 'shadow' ? coerceBoolean(value) : coerceInteger(value);
}

/** The fields that the server reads: of repeated ones the last. */
function readFields({ source }: LintSubject, entry: LintEntry): readonly WrittenField[] {
  return writtenFields(source, entry).filter(({ name, isLast }) => isLast && fieldNames.includes(name));
}

export function* findSkipped(subject: LintSubject): Iterable<Discovery> {
  for (const entry of subject.suspects) {
    const { prefix, unusedBecause, isVanished, valueAt } = entry;
    if (unusedBecause === null || isVanished) continue;
    const unread = readFields(subject, entry).filter((field) => coercedField(subject, field).kind === 'invalid');
    const culprit = unread.sort((a, b) => fieldNames.indexOf(a.name) - fieldNames.indexOf(b.name))[0];
    yield {
      at: culprit?.valueAt ?? valueAt,
      route: prefix,
      message: `the server skips ${named(prefix)}: ${unusedBecause}`,
      cure: culprit === undefined ? 'Write whole numbers' : `Write a whole number for ${culprit.name}, or leave it out`,
      command: culprit === undefined ? null : setCommand(prefix, `--${culprit.name}`, 'N'),
    };
  }
}

export function* findVanished({ suspects }: LintSubject): Iterable<Discovery> {
  for (const { prefix, unusedBecause, isVanished, valueAt } of suspects) {
    if (!isVanished) continue;
    yield {
      at: valueAt,
      route: prefix,
      message: `the server drops ${named(prefix)} while loading: ${unusedBecause}`,
      cure: 'Give it an object such as {"rate":60,"burst":10}, or remove it',
      command: unsetCommand(prefix),
    };
  }
}

export function* findCoerced(subject: LintSubject): Iterable<Discovery> {
  for (const entry of subject.suspects) {
    if (entry.fields === null) continue;
    for (const field of readFields(subject, entry)) {
      const coerced = coercedField(subject, field);
      if (coerced.kind !== 'value' || coerced.isExact) continue;
      const raw = quoteValue(subject.source, field.valueAt, field.valueEnd);
      const flags = strictFlags(field.name, coerced.value);
      yield {
        at: field.valueAt,
        route: entry.prefix,
        message: `${named(entry.prefix)}: ${field.name} ${raw} is read as ${coerced.value}`,
        cure:
          typeof coerced.value === 'boolean'
            ? 'Write true or false, without quotes, whichever is meant'
            : `Write ${coerced.value}, if that is meant`,
        command: flags && setCommand(entry.prefix, ...flags),
      };
    }
  }
}

/** The flags that write the value strictly as it is read now; `null`: a boolean, which may have been meant the other way. */
function strictFlags(name: string, value: number | boolean): readonly string[] | null {
  return typeof value === 'number' && value > 0 && value <= 60_000 ? [`--${name}`, String(value)] : null;
}

/** What people call the fields, without case, dashes and underscores. */
const meant = new Map([
  ...['ratepermin', 'rateperminute', 'permin', 'perminute', 'rpm', 'limit', 'requests'].map(
    (each) => [each, 'rate'] as const,
  ),
  ...['burstsize', 'burstlimit', 'maxburst'].map((each) => [each, 'burst'] as const),
  ...['windows', 'windowsec', 'windowseconds', 'period', 'interval', 'per'].map((each) => [each, 'window'] as const),
  ...['isshadow', 'shadowmode', 'shadowed', 'observe', 'observeonly', 'dryrun'].map(
    (each) => [each, 'shadow'] as const,
  ),
]);

function meantBy(name: string): string | undefined {
  if (name.length > 40) return undefined;
  const bare = name.toLowerCase().replaceAll(/[\s_-]/g, '');
  return meant.get(bare) ?? (fieldNames.includes(bare) ? bare : nearNames(bare, fieldNames)[0]);
}

export function* findUnknownFields({ suspects, source }: LintSubject): Iterable<Discovery> {
  for (const entry of suspects) {
    const { prefix } = entry;
    const written = writtenFields(source, entry);
    const present = new Set(written.map(({ name }) => name));
    for (const { name, at, isLast } of written) {
      if (!isLast || fieldNames.includes(name)) continue;
      const right = meantBy(name);
      yield {
        at,
        route: prefix,
        message: `${named(prefix)}: the server ignores the field ${named(name)}`,
        cure: cureOf(right, present),
        command: null,
      };
    }
  }
}

function cureOf(right: string | undefined, present: ReadonlySet<string>): string {
  if (right === undefined) return `Remove it: there are only ${fieldNames.join(', ')}`;
  return present.has(right) ? `Remove it: "${right}" stands beside it` : `Call it "${right}"`;
}

export function* findRepeatedFields({ suspects, source }: LintSubject): Iterable<Discovery> {
  for (const entry of suspects) {
    const { prefix } = entry;
    for (const { name, at, isLast } of writtenFields(source, entry)) {
      if (isLast) continue;
      yield {
        at,
        route: prefix,
        message: `${named(prefix)}: the field ${named(name)} stands again further on, and the last one counts`,
        cure: 'Remove this one',
        command: null,
      };
    }
  }
}

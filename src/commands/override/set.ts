import { Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import { setOverride, type Placement } from '../../domain/override/edit.js';
import { scanDocument } from '../../domain/override/document.js';
import {
  parseBurst,
  parseRatePerMin,
  parseRoutePrefix,
  parseWindowSeconds,
  type OverridePatch,
} from '../../domain/override/entry.js';
import { defineCommand, switchFlag, textFlag, type Flags } from '../command.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput } from '../mutation.js';
import { runChange } from './change.js';

// The runbook's "per-route override": one route's entry in the override document, then a reload, then its proof.

function patchOf(flags: Flags): OverridePatch {
  const [rate, burst, window] = [textFlag(flags, 'rate'), textFlag(flags, 'burst'), textFlag(flags, 'window')];
  const shadow = flags['shadow'];
  const patch: OverridePatch = {
    ...(rate === null ? {} : { ratePerMin: parseRatePerMin(rate) }),
    ...(burst === null ? {} : { burst: parseBurst(burst) }),
    ...(window === null ? {} : { windowSeconds: parseWindowSeconds(window) }),
    ...(typeof shadow === 'boolean' ? { isShadow: shadow } : {}),
  };
  if (Object.keys(patch).length > 0) return patch;
  throw usageError(
    'no field is given, so there is nothing to set',
    'Give at least one of --rate, --burst, --window, --shadow, --no-shadow.',
  );
}

function placementOf(flags: Flags): Placement {
  const [before, after] = [textFlag(flags, 'before'), textFlag(flags, 'after')];
  if (before !== null) return { kind: 'before', prefix: before };
  return after === null ? { kind: 'auto' } : { kind: 'after', prefix: after };
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'route prefix, e.g. /api/search')
      .addOption(new Option('--rate <n>', 'requests per minute, 1 to 60000'))
      .addOption(new Option('--burst <n>', 'requests beyond the first that may come at once, 0 to 100000'))
      .addOption(new Option('--window <seconds>', 'displayed window, 1 to 86400'))
      .addOption(new Option('--shadow', 'count, never block'))
      .addOption(new Option('--no-shadow', 'block what exceeds the limit'))
      .addOption(new Option('--before <prefix>', 'place it directly before this entry').conflicts('after'))
      .addOption(new Option('--after <prefix>', 'place it directly after this entry'))
      .addOption(new Option('--force', 'overwrite a document that cannot be read; its bytes stay in the history'));
    addMutationFlags(c);
    addEndFlags(c);
  },
  examples: [
    'rlctl -e preview override set /api/search --rate 120 --burst 20 --reason "search is slow to load"',
    'rlctl -e prod override set /api/payments --shadow --for 2h --reason INC-42 --confirm prod',
  ],
  input: ([route = ''], flags) => ({
    route: parseRoutePrefix(route),
    patch: patchOf(flags),
    placement: placementOf(flags),
    isForced: switchFlag(flags, 'force'),
    mutation: mutationInput(flags, endOf(flags)),
  }),
  action: (context, { route, patch, placement, isForced, mutation }) =>
    runChange(context, mutation, () => ({
      command: 'override set',
      end: mutation.end,
      routes: [route],
      edit: (document) => setOverride(document ?? scanDocument(null), route, patch, placement),
      undoes: () => null,
      isForced,
      ifRevision: mutation.ifRevision,
    })),
});

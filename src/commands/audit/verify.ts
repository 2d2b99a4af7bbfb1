import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../../context.js';
import { parseHead, type AuditHead } from '../../domain/audit/finding.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { verifyExport, verifyHistory, type Verification } from '../../procedures/audit/verify.js';
import { auditVerifyView, type AnchorSource } from '../../ui/audit-verify-view.js';
import { defineCommand, textFlag, type Outcome } from '../command.js';
import { keepHead, keptHead } from './kept-head.js';

// Whether what is recorded can be believed: the chain, the documents, the edits and the end are recomputed.

/** A head, nothing to compare with, or, where nobody says, what this machine kept. */
type Anchor = AuditHead | 'none' | null;

function anchorOf(text: string | null): Anchor {
  if (text === null || text === 'none') return text;
  const head = parseHead(text);
  if (head !== null) return head;
  throw usageError(
    `--anchor: "${text}" is not SEQUENCE:CHAIN`,
    'Give it as "rlctl audit verify" prints it: a number, a colon, and 40 hex digits; or none.',
  );
}

async function verifyFile(context: Context, file: string, anchor: Anchor): Promise<Outcome> {
  const head = anchor === 'none' ? null : anchor;
  const lines =
    file === '-'
      ? linesOf(await context.host.stdin.readAll())
      : context.files.readLines(resolve(context.host.cwd, file));
  const place = file === '-' ? 'stdin' : file;
  const found = await verifyExport(lines, place, head, (text) => context.progress.step(text));
  return outcomeOf(found, {
    source: place,
    address: context.address,
    environment: null,
    anchor: head && { from: 'flag' },
  });
}

async function* linesOf(bytes: Buffer): AsyncGenerator<string> {
  yield* bytes.toString('utf8').split('\n');
}

async function verifyStored(context: Context, environment: Environment, anchor: Anchor): Promise<Outcome> {
  const { clock, deadline, progress } = context;
  const ports = { store: await context.store(environment), clock, deadline };
  const kept = anchor === null ? await keptHead(context, environment) : null;
  const head = anchor === 'none' ? null : (anchor ?? kept?.head ?? null);
  const found = await verifyHistory(ports, { head, isAnew: anchor === 'none' }, (text) => progress.step(text));
  if (found.findings.length === 0) await keepHead(context, environment, found.head);
  const from: AnchorSource | null =
    head === null ? null : kept === null ? { from: 'flag' } : { from: 'kept', at: kept.at };
  const { name, address } = environment;
  return outcomeOf(found, { source: found.stored?.key ?? '', address, environment: name, anchor: from });
}

function outcomeOf(found: Verification, facts: Parameters<typeof auditVerifyView>[1]): Outcome {
  return { view: auditVerifyView(found, facts), exit: found.findings.length > 0 ? 'findings' : 'ok' };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('-f, --file <file>', 'check this export instead of Redis; - is stdin'))
      .addOption(
        new Option(
          '--anchor <seq:chain|none>',
          'a head printed before, which must still stand; none: compare with nothing',
        ),
      )
      .addHelpText(
        'after',
        [
          '',
          'Checked: that numbers follow without a gap, the hash chain, every document',
          'carried, that every edit leads from the revision it names to the next (byte by',
          'byte), times, and that the end is what is stored.',
          '',
          'What a chain cannot show by itself: whoever may write to Redis can recompute',
          'it as a whole, cut its end and undo the change, or cut its start as trimming',
          'does. A head kept elsewhere shows it. The last one found right is kept on this',
          'machine and compared the next time; keep one somewhere safer, or an export,',
          'and give it with --anchor. The chain says that the record was not changed, not',
          'that what an actor wrote about themselves is true. The time of an entry is',
          'only known to within an hour.',
        ].join('\n'),
      );
  },
  examples: [
    'rlctl -e prod audit verify',
    'rlctl audit verify -f audit-2026-11.ndjson --anchor 42:da39a3ee5e6b4b0d3255bfef95601890afd80709',
  ],
  input: (_, flags) => ({ file: textFlag(flags, 'file'), anchor: anchorOf(textFlag(flags, 'anchor')) }),
  action: async (context, { file, anchor }) => {
    if (file !== null) return verifyFile(context, file, anchor);
    return verifyStored(context, await context.environment(), anchor);
  },
});

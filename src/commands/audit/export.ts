import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import { exportHistory } from '../../procedures/audit/export.js';
import { auditExportView, exportText } from '../../ui/audit-export-view.js';
import { defineCommand, switchFlag, textFlag } from '../command.js';
import { assertNewFile } from '../folder.js';
import { addSinceFlag, sinceFlag } from './since.js';

// The history as it is stored, to be kept where whoever can write to Redis cannot: every field, every document, the chain.

/** Where the lines go. */
interface Target {
  write(lines: readonly object[]): Promise<void>;
  done(): Promise<void>;
  failed(): Promise<void>;
}

function stdout(context: Context): Target {
  const { format, jq } = context.options;
  if (jq !== null || format === 'json' || format === 'yaml') {
    throw usageError(
      `an export is NDJSON, so ${jq === null ? `-o ${format}` : '--jq'} has nothing to work on`,
      'Give --out FILE for the export, or pipe it: rlctl audit export | jq …',
    );
  }
  const { progress, host } = context;
  return {
    write: async (lines) => {
      progress.clear();
      await host.stdout.write(exportText(lines));
    },
    done: async () => undefined,
    failed: async () => undefined,
  };
}

async function file(context: Context, path: string): Promise<Target> {
  const target = await context.files.createPrivate(path);
  return {
    write: (lines) => target.append(context.redact(exportText(lines))),
    done: () => target.commit(),
    failed: () => target.discard(),
  };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(
      new Option('--out <file>', 'write it into this file, readable by you alone, instead of to stdout'),
    ).addOption(new Option('--force', 'replace the file of --out'));
    addSinceFlag(c, 'only entries of this time, and before them back to a snapshot');
    c.addHelpText(
      'after',
      [
        '',
        'One AuditRecord a line, oldest first, with every field as it is stored',
        '(documents in base64), and an AuditEnd that says how many there are. "rlctl',
        'audit verify -f FILE" checks it without Redis.',
      ].join('\n'),
    );
  },
  examples: [
    'rlctl -e prod audit export --out audit-2026-11.ndjson',
    "rlctl -e prod audit export --since 7d | jq -r '.fields.body // empty | fromjson | .actor'",
  ],
  input: (_, flags) => ({
    out: textFlag(flags, 'out'),
    isForced: switchFlag(flags, 'force'),
    sinceMs: sinceFlag(flags),
  }),
  action: async (context, { out, isForced, sinceMs }) => {
    const environment = await context.environment();
    const { clock, deadline, progress } = context;
    const ports = { store: await context.store(environment), clock, deadline };
    const path = out === null ? null : resolve(context.host.cwd, out);
    if (path !== null) await assertNewFile(context, path, { flag: '--out', code: 'EXPORT_EXISTS', isForced });
    const target = path === null ? stdout(context) : await file(context, path);
    const input = { environment: environment.name, sinceMs };
    try {
      const exported = await exportHistory(
        ports,
        input,
        (lines) => target.write(lines),
        (text) => progress.step(text),
      );
      await target.done();
      return { view: path === null ? null : auditExportView(exported, path, environment), exit: 'ok' };
    } catch (error) {
      await target.failed();
      throw error;
    }
  },
});

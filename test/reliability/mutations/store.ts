import type { Mutation } from './mutation.js';

type Named = Mutation['test'];

const contract = 'contracts/override-store.test.ts';
/** The contract of the store on redis-server, by the script and by WATCH and MULTI. */
const byEval = (name: string): Named => [contract, `redis-server, by EVAL ${name}`];
const byTransaction = (name: string): Named => [
  contract,
  `redis-server, by WATCH and MULTI where EVAL is denied ${name}`,
];
const permissions = 'adapters/redis/permissions.test.ts';
const faults = 'adapters/redis/faults.test.ts';
const script = 'adapters/redis/write-script.ts';
const transaction = 'adapters/redis/transaction-fallback.ts';
const change = 'commands/change.test.ts';
const documents = 'domain/override/document.test.ts';

/** What keeps a document whole and a change single: reading it, writing it, taking it back. */
export const storeMutations: readonly Mutation[] = [
  {
    name: 'the refusal of repeated keys',
    file: 'domain/override/document.ts',
    from: 'if (earlier !== undefined) throw',
    to: 'if (members.length < 0 && earlier !== undefined) throw',
    test: [documents, 'keys that are equal once decoded'],
  },
  {
    name: 'the limit of depth',
    file: 'domain/override/scanner.ts',
    from: 'strictDialect: Dialect = { maxDepth: 64,',
    to: 'strictDialect: Dialect = { maxDepth: 640,',
    test: [documents, '64 levels are accepted, 65 are not'],
  },
  {
    name: 'the comparison with what was read',
    file: script,
    from: 'if not isSame or not isSameMetadata then',
    to: 'if false then',
    test: byEval('a conflict writes nothing and shows what is there'),
  },
  {
    name: 'the comparison byte by byte',
    file: script,
    from: '(not current or current == expected)',
    to: '(not current or #current == #expected)',
    test: byEval('other bytes than those a change was computed from are a conflict, of the same length too'),
  },
  {
    name: 'the comparison of the metadata',
    file: script,
    from: '(not currentMetadata or currentMetadata == expectedMetadata)',
    to: 'true',
    test: byEval('metadata that changed underneath is a conflict'),
  },
  {
    name: 'KEEPTTL of the script',
    file: script,
    from: `redis.pcall('SET', document, nextDocument, 'KEEPTTL')`,
    to: `redis.pcall('SET', document, nextDocument)`,
    test: byEval('a TTL is shown and kept'),
  },
  {
    name: 'KEEPTTL of the transaction',
    file: transaction,
    from: `bufferOf(write.next), 'KEEPTTL']`,
    to: 'bufferOf(write.next)]',
    test: byTransaction('a TTL is shown and kept'),
  },
  {
    name: 'the fence of server time',
    file: script,
    from: 'if nowMs > fenceMs then',
    to: 'if false then',
    test: byEval('past the fence nothing is written'),
  },
  {
    name: 'the fence, where a request comes late',
    file: script,
    from: 'if nowMs > fenceMs then',
    to: 'if false then',
    test: [faults, 'what is delivered after we gave up is refused by the fence'],
  },
  {
    name: 'the look for the change id before a second write',
    file: script,
    from: `if duplicate then return {'duplicate', duplicate} end`,
    to: '',
    test: byEval('the same change id again is the same change'),
  },
  {
    name: 'the history before the write',
    file: script,
    from: `  if why ~= '' then\n    since = 0`,
    to: `  redis.call('SET', document, nextDocument, 'KEEPTTL')\n  if why ~= '' then\n    since = 0`,
    test: [permissions, 'without xadd: named, nothing changed, no entry left'],
  },
  {
    name: 'the history taken back where the write fails',
    file: script,
    from: `for _, id in ipairs(added) do redis.pcall('XDEL', history, id) end`,
    to: '',
    test: [permissions, 'without set: named, nothing changed, no entry left'],
  },
  {
    name: 'the notice of a foreign change',
    file: script,
    from: `if fields.next ~= prevRevision then why = 'foreign' elseif`,
    to: 'if',
    test: byEval('a foreign change is noticed and kept'),
  },
  {
    name: 'the hash chain over the body',
    file: script,
    from: 'number, prev, nextOne, text}',
    to: 'number, prev, nextOne}',
    test: ['commands/audit.test.ts', 'a whole history is whole, to the byte'],
  },
  {
    name: 'WATCH',
    file: transaction,
    from: `['WATCH', keys.document, keys.history, keys.metadata],`,
    to: `['TYPE', keys.document],`,
    test: ['cli/store-trials.test.ts', 'in-process'],
  },
  {
    name: 'what makes a late EXEC void',
    file: 'adapters/redis/resolve-change.ts',
    from: 'if (lost.usesTransaction) await voidTransactions(link, keys, budget);',
    to: '',
    test: [faults, 'a transaction that is delivered after we had proven it absent is void'],
  },
  {
    name: 'the wait until the fence has passed',
    file: 'adapters/redis/resolve-change.ts',
    from: 'lost.usesTransaction || serverTimeMs > lost.write.fenceMs ?',
    to: 'true ?',
    test: [faults, 'Ctrl-C while the request never arrived: unknown, and until when it may still happen'],
  },
  {
    name: 'the doubt after a lost answer',
    file: 'adapters/redis/write-change.ts',
    from: 'if (failure instanceof LinkFailure && failure.mayHaveChanged) this.#isSent = true;',
    to: '',
    test: [faults, 'every answer is lost'],
  },
  {
    name: 'WAIT',
    file: 'adapters/redis/replication.ts',
    from: 'state.acknowledged = Number(reply.value);',
    to: 'state.acknowledged = required;',
    test: byEval('replicas that do not exist do not acknowledge'),
  },
  {
    name: 'the size asked before the document is read',
    file: script,
    from: `if length > maxBytes then return {'tooLarge', length} end`,
    to: '',
    test: ['adapters/redis/conditions.test.ts', 'a document over the limit is never transferred'],
  },
  {
    name: 'the look at what somebody else did to a route meanwhile',
    file: 'procedures/override/write.ts',
    from: 'if (overtaken.length > 0) {',
    to: 'if (overtaken.length > 999) {',
    test: ['procedures/override/files.test.ts', 'a route that was as the file wants it is refused with base'],
  },
  {
    name: '--if-revision',
    file: 'procedures/override/plan.ts',
    from: 'checkRevision(stored, intent.ifRevision);',
    to: '',
    test: [change, 'writes at that revision only; eight digits are enough; none means no document'],
  },
  {
    name: 'the conflict of an undo',
    file: 'domain/override/reversal.ts',
    from: `if (outcome !== null && 'why' in outcome) this.conflicts.push(outcome);`,
    to: `if (outcome === null) this.conflicts.length = 0;`,
    test: ['domain/override/revert.test.ts', 'in a list, conflicts are listed and the rest is put back'],
  },
  {
    name: 'the chain, looked at by "audit verify"',
    file: 'domain/audit/verifier.ts',
    from: 'const isRight = before === undefined || computed.includes(entry.chain);',
    to: 'const isRight = true;',
    test: ['commands/audit.test.ts', 'finds an altered field, alone'],
  },
];

// One line of safety each, taken away: the named test must fail then, or it is not what keeps the promise.

export interface Mutation {
  /** What is lost with the line. */
  readonly name: string;
  /** The file of the line, under src. */
  readonly file: string;
  /** The text that stands there exactly once. */
  readonly from: string;
  readonly to: string;
  /** The file under test, and the words in the name of the test. */
  readonly test: readonly [file: string, name: string];
}

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
const secret = 'adapters/system/secret.ts';
const http = 'adapters/http/control-plane.test.ts';
const change = 'commands/change.test.ts';
const documents = 'domain/override/document.test.ts';

export const mutations: readonly Mutation[] = [
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
    test: ['adapters/redis/concurrency.test.ts', 'by WATCH and MULTI'],
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
    file: 'adapters/redis/write-script.ts',
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
  {
    name: 'the redactor',
    file: 'ui/redactor.ts',
    from: 'for (const spelling of spellings) if (safe.includes(spelling))',
    to: 'for (const spelling of [] as string[]) if (safe.includes(spelling))',
    test: ['commands/notify.test.ts', 'holds no secret and no escape, whatever somebody writes into a reason'],
  },
  {
    name: 'the redactor of bytes',
    file: 'ui/redactor.ts',
    from: `return safe === text ? bytes : Buffer.from(safe, 'latin1');`,
    to: 'return bytes;',
    test: [change, 'a secret that the document holds does not come out'],
  },
  {
    name: 'a secret that prints as [redacted]',
    file: 'domain/secret.ts',
    from: `toJSON(): string {\n    return '[redacted]';`,
    to: `toJSON(): string {\n    return this.#value;`,
    test: ['domain/secret.test.ts', 'is redacted however it is printed'],
  },
  {
    name: 'the sanitiser',
    file: 'domain/outside-text.ts',
    from: 'return printable.test(text) ? text : text.replaceAll(hostileCharacters, spelled);',
    to: 'return text;',
    test: [
      'commands/hostile-names.test.ts',
      'a list for people holds no raw control, direction or invisible character',
    ],
  },
  {
    name: 'the escapes of JSON',
    file: 'ui/term.ts',
    from: `return json.replaceAll(hostileCharacters, (char) => (char === '\\n' ? char : [...utf16(char)].join('')));`,
    to: 'return json;',
    test: [
      'commands/hostile-names.test.ts',
      'JSON, NDJSON, YAML and jq give the exact names, and hold no raw one either',
    ],
  },
  {
    name: 'the refusal of redirects',
    file: 'adapters/http/connections.ts',
    from: 'const answer = await runExchange(exchange, this.options.timeoutMs, line.client);',
    to: `const answer = await runExchange(exchange, this.options.timeoutMs, line.client);
      const location = answer.headers.get('location');
      if (location !== undefined) return await this.send({ ...exchange, url: new URL(location, exchange.url), isFresh: true });`,
    test: [http, 'to another origin: not one request arrives there'],
  },
  {
    name: 'the refusal of plain http',
    file: 'domain/api-endpoint.ts',
    from: `if (url.protocol === 'https:' || allowInsecure || isLoopbackHost(url.hostname)) return;`,
    to: `if (url.protocol !== '') return;`,
    test: [http, 'is refused before anything is sent'],
  },
  {
    name: 'the limit of an answer',
    file: 'adapters/http/connections.ts',
    from: 'maxResponseSize: maxBytes ?? bodyLimit',
    to: 'maxResponseSize: -1',
    test: [http, 'an answer over 1 MiB is dropped'],
  },
  {
    name: 'the site mode',
    file: 'procedures/reload/walk.ts',
    from: 'if (guard !== null) return { ...last, error: guard };',
    to: '',
    test: [
      'procedures/reload/send.test.ts',
      'a refusal from another site stops the walk: no further signature goes there',
    ],
  },
  {
    name: 'the question on a protected environment',
    file: 'commands/confirmation.ts',
    from: 'if (!environment.isProtected || consent.confirm === environment.name) return;\n  if (consent.confirm !== null)',
    to: 'if (environment.name !== "") return;\n  if (consent.confirm !== null)',
    test: [change, 'a write wants its name: --yes is not enough'],
  },
  {
    name: 'the mode of a secret file',
    file: secret,
    from: 'if ((facts.mode & 0o077) !== 0)',
    to: 'if (facts.mode < 0)',
    test: ['commands/secret-sources.test.ts', 'with the chmod that mends it'],
  },
  {
    name: 'the trust that a project’s file needs',
    file: secret,
    from: 'if (isFromFile || source === null) throw',
    to: 'if (isFromFile && source === null) throw',
    test: [
      'commands/configuration.test.ts',
      'an untrusted file gets no secret from a file or a variable that it names',
    ],
  },
  {
    name: 'the quotes of a PromQL label',
    file: 'adapters/metrics/promql.ts',
    from: 'text.replaceAll(/["\\\\]/g, String.raw`\\$&`)',
    to: 'text',
    test: ['adapters/metrics/refusals.test.ts', 'texts in a query stay texts'],
  },
];

import type { Mutation } from './mutation.js';

const secret = 'adapters/system/secret.ts';
const http = 'adapters/http/control-plane.test.ts';
const change = 'commands/change.test.ts';

/** What keeps secrets in, hostile text harmless, and a change where it belongs. */
export const edgeMutations: readonly Mutation[] = [
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
    from: 'if (!environment.isProtected || consent.confirm === environment.name) return;\n  assertNoneOther',
    to: 'if (environment.name !== "") return;\n  assertNoneOther',
    test: [change, 'a write wants its name: --yes is not enough'],
  },
  {
    name: 'the mode of a secret file',
    file: 'domain/config/private-file.ts',
    from: 'if ((mode & 0o077) !== 0)',
    to: 'if (mode < 0)',
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

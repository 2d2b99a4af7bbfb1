import { isLoopbackHost } from '../../domain/api-endpoint.js';
import type { Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import { formatDuration } from '../../domain/duration.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { CertificateFacts } from '../../ports/tls-prober.js';
import { mostAtOnce } from '../ask-each.js';
import { inParallel } from '../reload/in-parallel.js';
import { foundError, well, type Answer, type Facts } from './facts.js';

const soonMs = 30 * 24 * 60 * 60_000;

/** The addresses that are spoken to over HTTP, as they are configured. */
function urlsOf({ environment }: Facts, api = environment.api): readonly URL[] {
  const { prometheus, metrics, notify } = environment;
  const receivers = notify.map(({ address }) => (address.kind === 'known' ? address.origin : null));
  return [...api, prometheus, metrics, ...receivers].flatMap((text) => (text === null ? [] : [new URL(text)]));
}

/** The same with every instance of a fleet; that it cannot be listed is the finding of another check. */
async function allUrlsOf(facts: Facts): Promise<readonly URL[]> {
  const asked = facts.isFleet ? await facts.addresses().catch(() => null) : null;
  return asked === null ? urlsOf(facts) : urlsOf(facts, asked.origins);
}

/** Addresses need no name server, and neither does this machine's own name. */
export async function checkDns(facts: Facts): Promise<Answer> {
  const hosts = [...new Set((await allUrlsOf(facts)).map(({ hostname }) => hostname))];
  const names = hosts.filter((host) => !/^[\d.]+$|^\[/.test(host));
  if (names.length === 0) return well('every address is a number');
  const answers = await inParallel(
    names,
    mostAtOnce,
    async (host): Promise<{ readonly text: string; readonly found: readonly Found[] }> => {
      try {
        const addresses = await facts.ports.machine.lookup(host, facts.ports.deadline.signal());
        return { text: `${host} is ${addresses.slice(0, 3).join(', ')}`, found: [] };
      } catch (error) {
        if (!(error instanceof RlctlError)) throw error;
        return { text: error.message, found: [foundError(error, host)] };
      }
    },
  );
  return { evidence: answers.map(({ text }) => text).join('; '), found: answers.flatMap(({ found }) => found) };
}

/** Everything that is spoken to in TLS. What is wrong with the address of Redis is a finding of its own. */
async function tlsOrigins(facts: Facts): Promise<readonly string[]> {
  const { redis, namespace } = facts.environment;
  const web = (await allUrlsOf(facts)).flatMap(({ protocol, origin }) => (protocol === 'https:' ? [origin] : []));
  if (redis === null || namespace === null) return [...new Set(web)];
  const inspector = await facts.ports.redis(facts.environment).catch(() => null);
  return [...new Set([...web, ...(inspector?.tlsAddresses ?? [])])];
}

/** Every certificate that is met on the way. */
export async function checkTls(facts: Facts): Promise<Answer> {
  const origins = await tlsOrigins(facts);
  if (origins.length === 0) return well('nothing is spoken to in TLS');
  const prober = await facts.ports.tls();
  const answers = await inParallel(origins, mostAtOnce, async (origin): Promise<Answer> => {
    const { hostname, port } = new URL(origin);
    try {
      const signal = facts.ports.deadline.signal();
      const tls = origin.startsWith('rediss:') ? facts.environment.redisTls : {};
      return judge(origin, await prober.probe(hostname, Number(port || 443), signal, tls), facts.ports.clock.nowMs());
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      // A name that does not resolve and a port where nothing listens have checks of their own.
      const isToldElsewhere = facts.isSelected('api.reachable') && facts.isSelected('redis.reachable');
      if (isToldElsewhere && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED/.test(error.message))
        return well(`${origin}: nobody to ask`);
      return { evidence: error.message, found: [foundError(error, origin)] };
    }
  });
  return { evidence: answers.map(({ evidence }) => evidence).join('; '), found: answers.flatMap(({ found }) => found) };
}

/** Whatever is wrong with it, each fault by itself: mending one would only show the next. */
function judge(origin: string, certificate: CertificateFacts, nowMs: number): Answer {
  const { fault, validFromMs, validToMs, isForHost } = certificate;
  const [subject, issuer] = [quoteOutside(certificate.subject, 60), quoteOutside(certificate.issuer, 60)];
  const evidence = `${origin}: ${subject}, by ${issuer}, until ${dateText(validToMs)}`;
  const found: Found[] = [];
  const add = (code: string, what: string, cure: string): void => {
    found.push({ code, part: origin, message: `the certificate of ${origin} ${what}`, evidence, cure });
  };
  if (validToMs <= nowMs) add('TLS_EXPIRED', `expired ${formatDuration(nowMs - validToMs)} ago`, renew(origin));
  else if (validToMs - nowMs < soonMs) {
    add('TLS_EXPIRES_SOON', `expires in ${formatDuration(validToMs - nowMs)}`, renew(origin));
  }
  if (validFromMs > nowMs) {
    const cure = 'Check the clock of this machine: timedatectl';
    add('TLS_NOT_YET_VALID', `is not valid before ${dateText(validFromMs)}`, cure);
  }
  if (!isForHost) {
    const names = certificate.names.map((name) => quoteOutside(name, 40)).slice(0, 5);
    const named = origin.startsWith('rediss:') ? ', or under redisTls as serverName' : '';
    const cure = `Write one of its names into the address${named}, or have it issued for ${new URL(origin).hostname}.`;
    add('TLS_WRONG_NAME', `is for another name: ${names.join(', ') || subject}`, cure);
  }
  if (fault !== null && !/EXPIRED|NOT_YET|ALTNAME|HOSTNAME/.test(fault)) {
    const named = origin.startsWith('rediss:')
      ? 'write redisTls: {ca: /path/to/ca.pem} into the environment'
      : 'export NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
    const cure = `If it is your own authority, name its certificate: ${named}`;
    add('TLS_PRIVATE_CA', `is by an authority that this machine does not know (${fault}): ${issuer}`, cure);
  }
  return { evidence, found };
}

function renew(origin: string): string {
  const { hostname, port } = new URL(origin);
  return `Renew it, and see what is served: openssl s_client -connect ${hostname}:${port || '443'} -servername ${hostname} </dev/null | openssl x509 -noout -dates`;
}

function dateText(ms: number): string {
  return Number.isNaN(ms) ? 'a date that cannot be read' : new Date(ms).toISOString().slice(0, 10);
}

/** Passwords and signatures on a line that anybody on the way can read. Plain http to another machine is refused anyway. */
export async function checkPlain(facts: Facts): Promise<Answer> {
  const insecure = urlsOf(facts).filter(({ protocol, hostname }) => protocol === 'http:' && !isLoopbackHost(hostname));
  const api = insecure.filter(({ origin }) => facts.environment.api.includes(origin));
  const found: Found[] = api.map(({ origin, host }) => ({
    code: 'API_INSECURE',
    part: origin,
    message: `${origin} is plain http and not this machine: a signature would travel readable, so none is sent`,
    evidence: origin,
    cure: `Set api: https://${host} in rlctl.yaml`,
  }));
  if (facts.environment.fleet.isPlainAllowed) {
    found.push({
      code: 'FLEET_PLAIN_HTTP',
      part: 'fleet',
      message: 'reloads may go to instances in plain http: whoever reads a signature on the way can repeat it',
      evidence: 'fleet.plainHttp: true',
      cure: 'Give the instances TLS, and take plainHttp out of fleet in rlctl.yaml.',
    });
  }
  // Whatever is wrong with Redis itself is a finding of its own.
  const redis = await facts.redis().catch(() => null);
  if (redis !== null && redis.hasPassword && !redis.isTls && !redis.isLocal) {
    found.push({
      code: 'REDIS_PLAINTEXT',
      part: redis.server,
      message: `the password of Redis travels readable to ${redis.server}`,
      evidence: 'redis:// with a password, to another machine',
      cure: 'Write rediss:// where the server has a TLS port, or go through a tunnel.',
    });
  }
  return { evidence: found.length === 0 ? 'TLS, or this machine' : found.map(({ part }) => part).join(', '), found };
}

import { untrusted } from '../../domain/config/trust.js';
import type { Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import type { NotifyTarget } from '../../domain/notify/target.js';
import type { Receiver } from '../../ports/notifier.js';
import { narrowed } from './configuration.js';
import { NotChecked, foundError, well, type Answer, type Facts } from './facts.js';

/** Every receiver's secret is read; nothing leaves with it. */
export function checkSecrets(facts: Facts): Promise<Answer> {
  return ofEach(facts, async (receiver) => {
    const { target } = receiver;
    try {
      return well(`${target.name}: ${await receiver.readSecret()}`);
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      const found: Found = { ...foundError(error, target.place), ...(await fixOf(facts, target)) };
      return { evidence: `${target.name}: ${error.message}`, found: [found] };
    }
  });
}

/** Every receiver's address is asked whether it is there; no event is sent. */
export function checkReachable(facts: Facts): Promise<Answer> {
  return ofEach(facts, async (receiver) => {
    const { name, place } = receiver.target;
    try {
      return well(`${name}: ${await receiver.look(facts.ports.deadline.signal())}`);
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      const told = toldBy(error, facts);
      if (told !== null) return well(`${name}: see ${told}`);
      return { evidence: `${name}: ${error.message}`, found: [foundError(error, place)] };
    }
  });
}

/** What is wrong with a name, a certificate or a secret is the finding of another check. */
function toldBy({ code }: RlctlError, facts: Facts): string | null {
  const check = code.startsWith('SECRET')
    ? 'notify.secrets'
    : code === 'NOTIFY_DNS'
      ? 'network.dns'
      : code === 'NOTIFY_TLS'
        ? 'network.tls'
        : null;
  return check !== null && facts.isSelected(check) ? check : null;
}

async function ofEach(facts: Facts, look: (receiver: Receiver) => Promise<Answer>): Promise<Answer> {
  const { environment, ports } = facts;
  const { untrustedFile, isChangedSinceTrusted: isChanged } = environment;
  if (environment.notify.length === 0 || ports.receivers === undefined) throw new NotChecked('nobody is to be told');
  if (untrustedFile !== null) throw untrusted(untrustedFile, 'any secret, and nobody is told', { isChanged });
  const answers = await Promise.all((await ports.receivers(environment)).map(look));
  return { evidence: answers.map(({ evidence }) => evidence).join('; '), found: answers.flatMap(({ found }) => found) };
}

/** A file that others can read is narrowed by `--fix`. */
async function fixOf({ input, ports }: Facts, target: NotifyTarget): Promise<Partial<Found>> {
  const source =
    target.kind === 'webhook'
      ? target.secret
      : target.auth.kind === 'bearer'
        ? target.auth.token
        : target.auth.password;
  if (source.kind !== 'file') return {};
  const path = input.resolvePath(source.path);
  const facts = await ports.files.facts(path);
  if (facts === null || !facts.isRegular || (facts.mode & 0o077) === 0) return {};
  return narrowed(path, facts, 0o600);
}

import { describeSource, type SecretSource, type SourceAuth } from '../config/environment.js';
import type { Secret } from '../secret.js';
import type { EventKind } from './kinds.js';

/** Where a receiver stands. The address of a webhook often is a secret by itself, so only its origin is ever shown. */
export type TargetAddress =
  | { readonly kind: 'known'; readonly url: Secret; readonly origin: string }
  /** A variable that the address needs is missing or no address: the receiver cannot be told, and nothing else fails. */
  | { readonly kind: 'faulty'; readonly why: string };

interface AnyTarget {
  /** Unique within its environment. */
  readonly name: string;
  /** Where it is configured: `rlctl.yaml: environments.prod.notify[0]`. */
  readonly place: string;
  readonly address: TargetAddress;
  /** What it wants to hear of. */
  readonly events: readonly EventKind[];
}

/** An address that takes events, signed as Standard Webhooks says. */
export interface WebhookTarget extends AnyTarget {
  readonly kind: 'webhook';
  readonly secret: SecretSource;
}

/** A Grafana that takes events as annotations. */
export interface GrafanaTarget extends AnyTarget {
  readonly kind: 'grafana';
  readonly auth: SourceAuth;
  /** Tags beside rlctl's own. */
  readonly tags: readonly string[];
  /** The dashboard that the annotation belongs to; `null`: the whole organisation. */
  readonly dashboardUID: string | null;
  /** The panel of that dashboard; `null`: all of them. */
  readonly panelId: number | null;
}

/** One receiver of events. */
export type NotifyTarget = WebhookTarget | GrafanaTarget;

/** `webhook at https://hooks.example.com`; no more of the address is shown. */
export function describeTarget({ kind, address }: NotifyTarget): string {
  return address.kind === 'known' ? `${kind} at ${address.origin}` : `${kind} (its address is faulty)`;
}

/** What it is asked with and what it wants, in words that hold no secret. */
export function describeAccess(target: NotifyTarget): string {
  const wants = target.events.join(', ');
  return `${credentialInWords(target)}; told of ${wants}`;
}

/** `signed with file /etc/rlctl/hook`, `token from variable GRAFANA_TOKEN`. */
export function credentialInWords(target: NotifyTarget): string {
  if (target.kind === 'webhook') return `signed with ${describeSource(target.secret)}`;
  const { auth } = target;
  if (auth.kind === 'bearer') return `token from ${describeSource(auth.token)}`;
  return `user ${auth.username}, password from ${describeSource(auth.password)}`;
}

/** Whether any of them wants to hear of this. */
export function wants(targets: readonly NotifyTarget[], kind: EventKind): boolean {
  return targets.some(({ events }) => events.includes(kind));
}

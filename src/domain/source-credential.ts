import { revealSecret, type Secret } from './secret.js';

/** What an address of metrics is asked with. */
export type SourceCredential =
  | { readonly kind: 'bearer'; readonly token: Secret }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret };

/** The value of the Authorization header; as secret as what it is made of. */
export function authorization(credential: SourceCredential): string {
  if (credential.kind === 'bearer') return `Bearer ${revealSecret(credential.token)}`;
  const { username, password } = credential;
  return `Basic ${Buffer.from(`${username}:${revealSecret(password)}`).toString('base64')}`;
}

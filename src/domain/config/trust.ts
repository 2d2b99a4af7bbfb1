import { RlctlError } from '../errors.js';

/** A file found upwards that nobody has vouched for wants something that an untrusted file does not get. */
export function untrusted(filePlace: string, what: string): RlctlError {
  return new RlctlError('guard', `${filePlace} is not trusted yet, so it does not receive ${what}`, {
    code: 'CONFIG_UNTRUSTED',
    hint: 'Read the file, then run: rlctl env trust',
  });
}

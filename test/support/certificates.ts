import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dayMs = 24 * 60 * 60_000;

export interface CertificateWish {
  /** The one name it is for. */
  readonly name: string;
  /** Days from now; negative: ago. */
  readonly fromDays?: number;
  readonly toDays: number;
}

/** An authority of the test's own, which no machine knows. */
export interface Authority {
  /** Its certificate, for NODE_EXTRA_CA_CERTS. */
  readonly file: string;
  issue(wish: CertificateWish): { readonly key: string; readonly cert: string };
  remove(): void;
}

/** Makes an authority with openssl, in a folder of its own. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'rlctl-ca-'));
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(join(folder, 'index'), '');
  writeFileSync(join(folder, 'serial'), '1000\n');
  writeFileSync(join(folder, 'ca.cnf'), caConfiguration);
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test Authority',
    '-days',
    '3650',
  );
  return {
    file: join(folder, 'ca.pem'),
    issue: ({ name, fromDays = -400, toDays }) => {
      const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
      openssl('req', ...curve, '-keyout', 'leaf.key', '-out', 'leaf.csr', ...subject);
      const dates = ['-startdate', dateText(fromDays), '-enddate', dateText(toDays)];
      openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-in', 'leaf.csr', '-out', 'leaf.pem', ...dates);
      const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
      return { key: read('leaf.key'), cert: read('leaf.pem') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const caConfiguration = `
[ca]
default_ca = own
[own]
database = ./index
serial = ./serial
new_certs_dir = .
certificate = ./ca.pem
private_key = ./ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`;

/** As openssl writes it: 20261121154400Z. */
function dateText(days: number): string {
  return new Date(Date.now() + days * dayMs)
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, 'Z');
}

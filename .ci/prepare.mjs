// Makes a fresh clone ready: packages from the lock file, the build, and (for tests) the programs they run for real.
// Does nothing that is done already. Usage: node .ci/prepare.mjs [packages] [build] [redis] [recipe] [prometheus] [shells] [browser]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const say = (text) => process.stderr.write(`prepare: ${text}\n`);

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function packages() {
  const folder = join(root, 'node_modules');
  // npm would empty the folder that it points to, for everybody who uses that.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const installed = join(folder, '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  say('installing packages (npm ci --ignore-scripts)');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

function build() {
  const built = join(root, 'dist', 'start.js');
  const sources = ['src', '.ci', 'package-lock.json'].map((each) => newest(join(root, each)));
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return;
  say('building');
  execFileSync(process.execPath, [join(root, '.ci', 'build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] });
}

/** Installs Debian packages where that is allowed, else names the one command; ends with it unless `isOptional`. */
function programs(names, debian, brew = debian.join(' '), isOptional = false) {
  const missing = names.filter((name) => !onPath(name));
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ['sudo', '-n'];
  // After sudo, which keeps no variable: no questions, and no service started beside what a test starts itself.
  const apt = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get'];
  const install = [...apt, 'install', '-y', '-qq', '--no-install-recommends', ...debian];
  if (onPath('apt-get') && (isRoot || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0)) {
    say(`installing ${debian.join(' ')} (${missing.join(', ')} missing)`);
    const run = ([program, ...args]) =>
      // What the package manager says is progress: it belongs on stderr.
      spawnSync(program, args, { stdio: ['ignore', 2, 2] });
    if (run(install).status !== 0) {
      run([...apt, 'update', '-qq']);
      run(install);
    }
  }
  const stillMissing = names.filter((name) => !onPath(name));
  if (stillMissing.length === 0) return;
  say(`${stillMissing.join(', ')} missing, and installing is not possible here. Run this, then again:`);
  say(`  sudo apt-get install ${debian.join(' ')}     (macOS: brew install ${brew})`);
  if (!isOptional) process.exit(1);
}

/** The page of an incident is looked at where there is a browser; its tests say loudly where there is none. */
function browser() {
  if (['chromium', 'chromium-browser', 'google-chrome'].some(onPath)) return;
  programs(['chromium'], ['chromium'], '--cask chromium', true);
}

const steps = {
  packages,
  build,
  redis: () =>
    programs(
      ['redis-server', 'redis-cli', 'redis-sentinel'],
      ['redis-server', 'redis-tools', 'redis-sentinel'],
      'redis',
    ),
  prometheus: () => programs(['prometheus', 'promtool'], ['prometheus']),
  // Completion is tried in the real shells, and the manual page is set by the real formatter.
  shells: () =>
    programs(['bash', 'zsh', 'fish', 'groff'], ['bash', 'zsh', 'fish', 'groff-base'], 'bash zsh fish groff'),
  browser,
  recipe: () => programs(['jq', 'curl', 'openssl'], ['jq', 'curl', 'openssl']),
};
for (const name of wanted) steps[name]();

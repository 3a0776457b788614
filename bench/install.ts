// Installs a package of its own when it is missing or older than its lock: the one named by its folder, or the peers here.
// Exits with PEERS_AWAY when npm cannot get it.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** EX_UNAVAILABLE of sysexits.h. CI distinguishes it from a failed measurement. */
const PEERS_AWAY = 69;

const folder = new URL(`../${process.argv[2] ?? 'bench'}/`, import.meta.url);

const timeOf = (name: string): number =>
  statSync(new URL(name, folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes this file last.
if (timeOf('node_modules/.package-lock.json') < timeOf('package-lock.json')) {
  // None of them needs a script of its own, and one would report the installation.
  const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
  const { status } = spawnSync('npm', ['--prefix', fileURLToPath(folder), 'ci', ...options], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(PEERS_AWAY);
}

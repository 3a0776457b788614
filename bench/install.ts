// Installs the peers when they are missing or older than their lock. Exits with PEERS_AWAY when npm cannot get them.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** EX_UNAVAILABLE of sysexits.h. CI distinguishes it from a failed measurement. */
const PEERS_AWAY = 69;

const timeOf = (name: string): number =>
  statSync(new URL(name, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes this file last.
if (timeOf('node_modules/.package-lock.json') < timeOf('package-lock.json')) {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const { status } = spawnSync('npm', ['--prefix', folder, 'ci', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(PEERS_AWAY);
}

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { FOLDER } from './document.ts';

const ROOT = `${FOLDER}../../`;

/** Runs a program of an installed package in the folder of this one. Ends the process with its exit code if it fails. */
export function run(program: string, ...args: string[]): void {
  const path = [FOLDER, ROOT].map((at) => `${at}node_modules/.bin/${program}`).find(existsSync);
  if (path === undefined) throw new Error(`${program} is not installed`);
  // Redocly would report its use, and ask for newer versions.
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: FOLDER, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

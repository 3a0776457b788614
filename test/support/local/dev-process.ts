import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `npm run dev`, by default without npm. */
export interface DevProcess {
  readonly pid: number;
  /** The lines that it has printed so far. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** The next line that matches. Rejects when the process ends before. */
  untilSays(pattern: RegExp): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Ends the process in whatever state it is. */
  kill(): void;
}

export type Ports = Record<(typeof PORT_NAMES)[number], number>;

const PORT_NAMES = [
  'PORT',
  'CONSUMER_PORT',
  'LOCAL_POSTGRES_PORT',
  'LOCAL_NEON_PORT',
  'LOCAL_REDIS_PORT',
  'LOCAL_UPSTASH_PORT',
] as const;

const RUN_BY_DEV = [
  'local',
  'src',
  'assets',
  'examples',
  'drizzle',
  'package.json',
  'wrangler.toml',
  'tsconfig.json',
];

/** Systems give ports above these to those who ask for any: none of these is taken before the stack opens it. */
const [FIRST_PORT, PORTS] = [10_000, 20_000];
/** A prime, so that processes with ids in a row begin far from each other. */
const STEP = 7_919;
let tried = process.pid;

/** Six free ports. */
export async function findFreePorts(): Promise<Ports> {
  const ports: [name: string, port: number][] = [];
  for (const name of PORT_NAMES) ports.push([name, await findFreePort()]);
  return Object.fromEntries(ports) as Ports;
}

async function findFreePort(): Promise<number> {
  tried += 1;
  const port = FIRST_PORT + ((tried * STEP) % PORTS);
  const server = await listen(port).catch(() => null);
  if (!server) return findFreePort();
  await once(server.close(), 'close');
  return port;
}

export async function listen(port: number, host?: string) {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  return server;
}

/** A copy of the files that `npm run dev` runs, for tests to edit and break. It uses the packages of this project. */
export async function copyProject(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  await Promise.all(RUN_BY_DEV.map((name) => cp(name, join(folder, name), { recursive: true })));
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  await allowSlowRedis(join(folder, 'wrangler.toml'));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

/** On a busy machine the drain would miss the deadline of production, and report that on stderr. */
async function allowSlowRedis(configFile: string): Promise<void> {
  const config = await readFile(configFile, 'utf8');
  await writeFile(configFile, config.replace('REDIS_DEADLINE_MS = "250"', 'REDIS_DEADLINE_MS = "10000"'));
}

/** Starts it in a process group of its own, as a shell does. */
export function startDev(
  folder: string,
  env: Record<string, string | number>,
  [command, ...args]: readonly [string, ...string[]] = [process.execPath, 'local/start.mjs'],
): DevProcess {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: '', REDIS_URL: '', ...toTexts(env) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('it does not start');
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
  const lines = { stdout: collect(child, 'stdout'), stderr: collect(child, 'stderr') };
  return {
    pid,
    stdout: lines.stdout.seen,
    stderr: lines.stderr.seen,
    async untilSays(pattern) {
      const said = Promise.race([lines.stdout.next(pattern), lines.stderr.next(pattern)]);
      const early = ended.then((code) => {
        throw new Error(`it ended with ${code}: ${lines.stderr.seen.join('\n')}`);
      });
      return Promise.race([said, early]);
    },
    ended,
    kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // SIGKILL would leave its workerd behind.
      child.kill('SIGTERM');
    },
  };
}

function toTexts(env: Record<string, string | number>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]));
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr') {
  const stream = child[name];
  if (!stream) throw new Error(`no ${name}`);
  const seen: string[] = [];
  const lines = createInterface(stream).on('line', (line) => seen.push(line));
  const next = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const onLine = (line: string) => {
        if (!pattern.test(line)) return;
        lines.off('line', onLine);
        resolve(line);
      };
      lines.on('line', onLine);
    });
  return { seen, next };
}

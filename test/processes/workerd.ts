import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bundleOnce } from '../engines/bundles.ts';
import { workerdConfig, type WorkerService } from './workerd-config.ts';

/** A Worker to run, with the path of its source. */
export interface Worker extends WorkerService {
  readonly main: string;
}

/** A plain workerd process, without the supervision and the restarts of the local stack. */
export interface Workerd {
  readonly pid: number;
  /** The URL of each Worker, by name. */
  readonly urls: ReadonlyMap<string, string>;
  /** The URL of its inspector, on which each Worker has a path with its name; null without an inspector. */
  readonly inspectorUrl: string | null;
  /** The lines that it has printed so far. */
  readonly output: readonly string[];
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Sends SIGKILL, so that all work under way is lost. Resolves when the process has ended. */
  kill(): Promise<void>;
}

export interface SpawnOptions {
  /** Opens an inspector, see `inspectorUrl`. */
  readonly isInspected?: boolean;
  /** Drops the Workers' log: reading it would cost the measuring process time. */
  readonly isSilent?: boolean;
}

interface ListenEvent {
  /** The message is `listen`, or `listen-inspector`, which names no socket. */
  readonly event: string;
  readonly socket?: string;
  readonly port: number;
}

// The package exports the path of the binary. Its own `bin` is a script if install scripts are off.
const require = createRequire(import.meta.url);
const { default: binary } = require('workerd') as { default: string };
/** No Worker has this name. */
const INSPECTOR = '(inspector)';
const INSPECTED = '--inspector-addr=127.0.0.1:0';
let guardian: ChildProcess | undefined;

/** Runs the Workers in one workerd. If it ends before it listens, throws what it printed. */
export async function spawnWorkerd(workers: readonly Worker[], options: SpawnOptions = {}): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  try {
    await Promise.all(
      workers.map(async ({ name, main }) => write(folder, `${name}.js`, await bundleOnce(main))),
    );
    await write(folder, 'config.capnp', workerdConfig(workers));
    return await serve(join(folder, 'config.capnp'), workers.length, options);
  } finally {
    // workerd reads the file at its start only.
    await rm(folder, { recursive: true });
  }
}

function write(folder: string, name: string, content: string): Promise<void> {
  return writeFile(join(folder, name), content);
}

async function serve(
  config: string,
  sockets: number,
  { isInspected = false, isSilent = false }: SpawnOptions,
): Promise<Workerd> {
  // The binding that runs a scheduled handler is experimental. Other Workers run the same without the option.
  const args = ['serve', '--experimental', '--control-fd=3', ...(isInspected ? [INSPECTED] : []), config];
  const child = spawn(binary, args, { stdio: ['ignore', isSilent ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  tellGuardian(`+${child.pid}`);
  const ended = once(child, 'close').then(([code, signal]) => {
    tellGuardian(`-${child.pid}`);
    return (signal ?? code) as number | string;
  });
  const output = collectLines(child);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  // The type includes null, but `stdio` asks for this pipe.
  const doors = sockets + (isInspected ? 1 : 0);
  const listening = await Promise.race([readUrls(child.stdio[3] as Readable, doors), ended]);
  if (typeof listening !== 'object' || child.pid === undefined)
    throw new Error(`workerd ended as it started: ${output.join('\n')}`);
  const inspectorUrl = listening.get(INSPECTOR) ?? null;
  const urls = new Map([...listening].filter(([name]) => name !== INSPECTOR));
  return { pid: child.pid, urls, inspectorUrl, output, ended, kill };
}

/** The guardian ends the processes that this one has started, even if this one is killed. */
function tellGuardian(line: string): void {
  guardian ??= startGuardian();
  guardian.stdin?.write(`${line}\n`);
}

function startGuardian(): ChildProcess {
  const main = fileURLToPath(new URL('./guardian.ts', import.meta.url));
  // The process is detached, so that a signal to the group of this process does not reach it.
  const started = spawn(process.execPath, [main], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  started.unref();
  if (started.stdin instanceof Socket) started.stdin.unref();
  return started;
}

function collectLines({ stdout, stderr }: ChildProcess): readonly string[] {
  const lines: string[] = [];
  for (const input of [stdout, stderr])
    if (input) createInterface({ input }).on('line', (line) => lines.push(line));
  return lines;
}

/** Resolves when all Workers listen. Never settles if the process ends before. */
function readUrls(control: Readable, doors: number): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  return new Promise((resolve) => {
    createInterface({ input: control }).on('line', (line) => {
      const { event, socket = INSPECTOR, port } = JSON.parse(line) as ListenEvent;
      if (event.startsWith('listen')) urls.set(socket, `http://127.0.0.1:${port}`);
      if (urls.size === doors) resolve(urls);
    });
  });
}

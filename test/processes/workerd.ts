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

/** A workerd of its own, without the supervision and the restarts of the local stack. */
export interface Workerd {
  readonly pid: number;
  /** Where each Worker listens, by name. */
  readonly urls: ReadonlyMap<string, string>;
  /** Where its inspector listens, each Worker's at a path of its name; null without one. */
  readonly inspectorUrl: string | null;
  /** What it has printed so far, line by line. */
  readonly output: readonly string[];
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** SIGKILL, at once: what was under way is lost. Resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface SpawnOptions {
  /** With a debugger's door, see `inspectorUrl`. */
  readonly isInspected?: boolean;
  /** What Workers log goes nowhere: reading it would cost the one who measures. */
  readonly isSilent?: boolean;
}

interface ListenEvent {
  /** `listen`, and `listen-inspector`, which names no socket. */
  readonly event: string;
  readonly socket?: string;
  readonly port: number;
}

// The package exports the path of the binary; its own `bin` is a script where install scripts are off.
const require = createRequire(import.meta.url);
const { default: binary } = require('workerd') as { default: string };
/** No Worker is called so. */
const INSPECTOR = '(inspector)';
const INSPECTED = '--inspector-addr=127.0.0.1:0';
let guardian: ChildProcess | undefined;

/** Runs the Workers in one workerd. Throws what it printed when it ends before it listens. */
export async function spawnWorkerd(workers: readonly Worker[], options: SpawnOptions = {}): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  try {
    await Promise.all(
      workers.map(async ({ name, main }) => write(folder, `${name}.js`, await bundleOnce(main))),
    );
    await write(folder, 'config.capnp', workerdConfig(workers));
    return await serve(join(folder, 'config.capnp'), workers.length, options);
  } finally {
    // Read at the start, and not again.
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
  // Experimental is the binding that fires a scheduled handler; other Workers run as without the option.
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
  // One of the pipes that `stdio` asks for.
  const doors = sockets + (isInspected ? 1 : 0);
  const listening = await Promise.race([readUrls(child.stdio[3] as Readable, doors), ended]);
  if (typeof listening !== 'object' || child.pid === undefined)
    throw new Error(`workerd ended as it started: ${output.join('\n')}`);
  const inspectorUrl = listening.get(INSPECTOR) ?? null;
  const urls = new Map([...listening].filter(([name]) => name !== INSPECTOR));
  return { pid: child.pid, urls, inspectorUrl, output, ended, kill };
}

/** Whatever becomes of this process, the guardian ends those that it has started. */
function tellGuardian(line: string): void {
  guardian ??= startGuardian();
  guardian.stdin?.write(`${line}\n`);
}

function startGuardian(): ChildProcess {
  const main = fileURLToPath(new URL('./guardian.ts', import.meta.url));
  // Detached: a signal to the group of this process must not reach it.
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

/** Resolves when all listen; when the process ends before, never. */
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

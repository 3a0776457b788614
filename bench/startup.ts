// Measures the CPU time that workerd needs to compile and evaluate the deployed Worker: the median of several starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readWorkerConfig } from '../local/worker-config.ts';
import { bundleAsDeployed } from '../test/budget/bundle.ts';

export interface Startup {
  readonly starts: number;
  /** The CPU time of the thread that runs the Worker; null on a system that does not report it. */
  readonly cpuMs: number | null;
  readonly wallMs: number;
  readonly workerdVersion: string;
}

// The package has no types. It exports the path of the binary and its version.
const { default: workerd, version } = createRequire(import.meta.url)('workerd') as {
  default: string;
  version: string;
};

const STARTS = 15;
/** Some requests come before the import, so that the measurement excludes the first request of the process. */
const IDLE_REQUESTS = 5;

const CONFIG = (compatibilityDate: string) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "main", esModule = embed "main.js"), (name = "worker", esModule = embed "worker.js")],
    compatibilityDate = "${compatibilityDate}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;

const MAIN = `export default {
  async fetch({ url }) {
    if (url.endsWith('/idle')) return new Response();
    const startedMs = performance.now();
    await import('worker');
    return new Response(String(performance.now() - startedMs));
  },
};
`;

/** Imports the code in an otherwise empty Worker, each time in a new workerd. */
export async function measureStartup(code: string): Promise<Startup> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-startup-'));
  const { compatibilityDate } = readWorkerConfig(fileURLToPath(new URL('../wrangler.toml', import.meta.url)));
  try {
    await writeFile(join(folder, 'config.capnp'), CONFIG(compatibilityDate));
    await writeFile(join(folder, 'main.js'), MAIN);
    await writeFile(join(folder, 'worker.js'), code);
    const runs: { cpuMs: number | null; wallMs: number }[] = [];
    for (let i = 0; i < STARTS; i += 1) runs.push(await startOnce(join(folder, 'config.capnp')));
    const cpuMs = runs.flatMap((run) => run.cpuMs ?? []);
    return {
      starts: STARTS,
      cpuMs: cpuMs.length === STARTS ? median(cpuMs) : null,
      wallMs: median(runs.map(({ wallMs }) => wallMs)),
      workerdVersion: version,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function startOnce(config: string) {
  const child = spawn(workerd, ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    const url = `http://127.0.0.1:${await portOf(child)}`;
    for (let i = 0; i < IDLE_REQUESTS; i += 1) await fetch(`${url}/idle`);
    const before = await cpuMsOf(child);
    const answer = await fetch(url);
    const wallMs = Number(await answer.text());
    if (!answer.ok) throw new Error('the Worker did not start');
    const after = await cpuMsOf(child);
    return { cpuMs: before === null || after === null ? null : after - before, wallMs };
  } finally {
    child.kill();
    await ended;
  }
}

/** The port on which workerd says that it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  const control = child.stdio[3];
  if (!(control instanceof Readable)) throw new Error('workerd has no control channel');
  for await (const chunk of control) {
    const port = /"port":(\d+)/.exec(String(chunk))?.[1];
    if (port) return Number(port);
  }
  throw new Error('workerd has ended');
}

/** The CPU time of a process's main thread, as Linux reports it. */
async function cpuMsOf({ pid }: ChildProcess): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => null);
  return text === null ? null : Number(text.split(' ')[0]) / 1e6;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

if (import.meta.main) {
  const { starts, cpuMs, wallMs, workerdVersion } = await measureStartup((await bundleAsDeployed()).code);
  const cpu = cpuMs === null ? 'CPU time unknown on this system' : `${cpuMs.toFixed(1)} ms of CPU time`;
  console.log(
    `start-up: ${cpu}, ${wallMs} ms on the clock; median of ${starts} starts of workerd ${workerdVersion}`,
  );
}

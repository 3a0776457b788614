import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Two, one for each core: an embedded Postgres keeps its process busy. */
const HOSTS = 2;

/** The processes that the engines of tests inside workerd run in, started when the first stack is asked for. */
export interface StackHosts {
  /** Adds a stack to one of them, in turn; answers where, and what it has answered. */
  add(body: unknown): Promise<object>;
  close(): Promise<void>;
}

interface Host {
  readonly url: string;
  close(): Promise<void>;
}

export function makeStackHosts(): StackHosts {
  let hosts: Promise<Host>[] | undefined;
  let added = 0;
  return {
    async add(body) {
      hosts ??= Array.from({ length: HOSTS }, startHost);
      const host = await hosts[added++ % HOSTS];
      const response = await fetch(`${host?.url}/new`, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(await response.text());
      return { hostUrl: host?.url, ...((await response.json()) as object) };
    },
    close: async () => void (await Promise.all((hosts ?? []).map(async (host) => (await host).close()))),
  };
}

async function startHost(): Promise<Host> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./stack-host.ts', import.meta.url)), {
    execArgv: [],
  });
  const ended = once(child, 'exit');
  const early = ended.then(() => {
    throw new Error('a host of engines has ended as it started');
  });
  // The one message that it sends.
  const [url] = (await Promise.race([once(child, 'message'), early])) as [string];
  return {
    url,
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Two processes, one for each core: an embedded Postgres keeps its process busy. */
const HOSTS = 2;

/** The processes in which the engines of tests inside workerd run. They start with the first stack. */
export interface StackHosts {
  /** Adds a stack to one of the processes, in turn. Resolves to its address and its first answer. */
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
  // The process sends only this message.
  const [url] = (await Promise.race([once(child, 'message'), early])) as [string];
  return {
    url,
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

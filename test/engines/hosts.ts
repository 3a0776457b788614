import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** One for each test file at once: an embedded Postgres keeps its thread busy, and no file waits for another's rows. */
const HOSTS = 4;

/**
 * The threads in which the engines of tests inside workerd run. Each starts with its first stack. Threads of one process
 * compile the WebAssembly of Postgres and of Redis's Lua once, which takes each process of its own five seconds.
 */
export interface StackHosts {
  /** Adds a stack to the thread that has the fewest. Resolves to its address and its first answer. */
  add(body: unknown): Promise<NewStack>;
  /** Closes a stack. */
  remove(id: unknown): Promise<void>;
  close(): Promise<void>;
}

interface NewStack {
  readonly hostUrl: string;
  readonly id: string;
}

interface Host {
  readonly url: string;
  close(): Promise<void>;
}

interface Slot {
  host?: Promise<Host>;
  stacks: number;
}

export function makeStackHosts(): StackHosts {
  const slots: Slot[] = Array.from({ length: HOSTS }, () => ({ stacks: 0 }));
  const slotOf = new Map<unknown, Slot>();
  return {
    async add(body) {
      const slot = slots.reduce((least, other) => (other.stacks < least.stacks ? other : least));
      slot.stacks += 1;
      const { url } = await (slot.host ??= startHost());
      // The thread of this project answers with the stack's id.
      const stack = (await post(`${url}/new`, body)) as { id: string };
      slotOf.set(stack.id, slot);
      return { hostUrl: url, ...stack };
    },
    async remove(id) {
      const slot = slotOf.get(id);
      if (!slot) throw new Error(`there is no stack ${String(id)}`);
      slotOf.delete(id);
      await post(`${(await slot.host)?.url}/${String(id)}/close`, {});
      slot.stacks -= 1;
    },
    close: async () => void (await Promise.all(slots.map(async ({ host }) => (await host)?.close()))),
  };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function startHost(): Promise<Host> {
  const worker = new Worker(new URL('./stack-host.ts', import.meta.url), { execArgv: [] });
  const ended = once(worker, 'exit');
  const early = ended.then(() => {
    throw new Error('a host of engines has ended as it started');
  });
  // The thread sends only this message.
  const [url] = (await Promise.race([once(worker, 'message'), early])) as [string];
  return {
    url,
    async close() {
      worker.postMessage('end');
      await ended;
    },
  };
}

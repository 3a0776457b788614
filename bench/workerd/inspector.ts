/** The debugger connection to one Worker of a workerd. */
export interface Inspector {
  /** Calls a method of the Chrome DevTools protocol. Throws when the answer is an error. */
  call(method: string, params?: object): Promise<Record<string, unknown>>;
  /** The bytes of V8's heap in use after a full garbage collection. `wake` sends any request to the Worker. */
  measureHeap(wake: () => Promise<unknown>): Promise<HeapUse>;
  /** A snapshot of the heap as V8 writes it, as JSON. */
  takeSnapshot(): Promise<string>;
  close(): void;
}

export interface HeapUse {
  /** Bytes of JavaScript objects. */
  readonly usedBytes: number;
  /** Bytes of array buffers, which lie outside V8's heap. */
  readonly bufferBytes: number;
}

interface Message {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly params?: { readonly chunk?: string };
}

/** An object that waits for finalization survives one collection and falls in the next. */
const COLLECTIONS = 3;

/** Connects to the Worker of this name. Its isolate exists from the start. */
export async function openInspector(inspectorUrl: string, worker: string): Promise<Inspector> {
  const socket = new WebSocket(`${inspectorUrl.replace('http', 'ws')}/${worker}`);
  const waiting = new Map<number, (message: Message) => void>();
  let chunks: string[] = [];
  let calls = 0;
  socket.addEventListener('message', ({ data }) => {
    // The protocol speaks JSON only.
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.params?.chunk !== undefined) chunks.push(message.params.chunk);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`nobody inspects ${worker}`)));
  });

  async function call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    calls += 1;
    const { promise, resolve } = Promise.withResolvers<Message>();
    waiting.set(calls, resolve);
    socket.send(JSON.stringify({ id: calls, method, params }));
    const { result, error } = await promise;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  await call('HeapProfiler.enable');
  return {
    call,
    async measureHeap(wake) {
      for (let done = 0; done < COLLECTIONS; done += 1) {
        await awake(call('HeapProfiler.collectGarbage'), wake);
      }
      const { usedSize, backingStorageSize } = await call('Runtime.getHeapUsage');
      return { usedBytes: Number(usedSize), bufferBytes: Number(backingStorageSize) };
    },
    async takeSnapshot() {
      chunks = [];
      await call('HeapProfiler.takeHeapSnapshot');
      return chunks.join('');
    },
    close: () => socket.close(),
  };
}

// The call waits as a task, and an isolate runs its tasks only when it serves a request.
async function awake(task: Promise<unknown>, wake: () => Promise<unknown>): Promise<void> {
  const done = task.then(() => 'done');
  while ((await Promise.race([done, wake()])) !== 'done');
}

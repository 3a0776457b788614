import type { PGlite } from '@electric-sql/pglite';

interface Job {
  client: number;
  run: () => Promise<void>;
  drop: (reason: Error) => void;
}

const sync = Uint8Array.of(0x53, 0, 0, 0, 4);
/** ReadyForQuery: its type, a length of four bytes and a status. */
const READY = 0x5a;
const READY_BYTES = 6;
const unfinished = new Set('PBDECH');
/** The messages that a client sends before a Sync or Flush, and whose answers it does not await before that. */
const collected = new Set('PBDEC');
const copyFromStdin = /(^|;)\s*copy\b[^;]*\bfrom\s+stdin\b/i;
const refusal = simpleQuery(
  `do $$ begin raise feature_not_supported using message = 'COPY FROM STDIN would stop this embedded Postgres'; end $$`,
);

/**
 * The queue of messages in front of a PGlite, with the methods that pglite-socket's handlers call. One client owns the
 * backend from its first message to the end of its transaction, or to the Sync of its extended query. The messages of
 * such a query reach the backend together, which saves a third of the time. The queue of pglite-socket has three faults.
 * It keeps only the transaction together, so that a long Bind in several pieces is answered with another client's rows.
 * It stops for ever when a message fails. It also stops when a client leaves while its BEGIN is running. A backend that
 * dies, after an endless recursion for example, sends an answer without an end; `onDeath` reports that.
 */
export function makeQueryQueue(db: PGlite, onDeath: () => void) {
  let jobs: Job[] = [];
  let working = false;
  let owner: number | null = null;
  const begun = makeBegun();

  function takeJob(): Job | undefined {
    const index = owner === null ? 0 : jobs.findIndex((job) => job.client === owner);
    return index === -1 ? undefined : jobs.splice(index, 1)[0];
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    for (let job = takeJob(); job; job = takeJob()) await job.run();
    working = false;
  }

  function submit<T>(client: number, task: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    jobs.push({ client, run: () => task().then(resolve, reject), drop: reject });
    void work();
    return promise;
  }

  async function execute(client: number, message: Uint8Array, onData: (data: Uint8Array) => void) {
    try {
      const query = begun.finish(client, refuseCopy(message));
      const { size, isEnded } = await db.runExclusive(() => run(db, query, onData));
      if (isAnswered(message) && !isEnded) onDeath();
      return size;
    } finally {
      owner = isUnfinished(message) || db.isInTransaction() ? client : null;
    }
  }

  async function leave(client: number): Promise<void> {
    begun.drop(client);
    if (owner === client) await endUnfinished(db);
    if (owner === client) owner = null;
  }

  return {
    async enqueue(client: number, message: Uint8Array, onData: (data: Uint8Array) => void) {
      const isBegun = collected.has(typeOf(message));
      return isBegun ? begun.add(client, message) : submit(client, () => execute(client, message, onData));
    },

    clearQueueForHandler(client: number): void {
      const dropped = jobs.filter((job) => job.client === client);
      jobs = jobs.filter((job) => job.client !== client);
      for (const job of dropped) job.drop(new Error('The client has left'));
    },

    // The queue places this after the client's message that may be running.
    clearTransactionIfNeeded: (client: number) => submit(client, () => leave(client)),

    getQueueLength: () => jobs.length,
  };
}

/** The messages of each client that wait for the end of their query, to reach the backend in one piece. */
function makeBegun() {
  const pieces = new Map<number, Uint8Array[]>();
  return {
    add(client: number, message: Uint8Array): number {
      pieces.set(client, [...(pieces.get(client) ?? []), message]);
      return 0;
    },
    finish(client: number, message: Uint8Array): Uint8Array {
      const before = pieces.get(client);
      pieces.delete(client);
      return before ? Buffer.concat([...before, message]) : message;
    },
    drop: (client: number) => void pieces.delete(client),
  };
}

async function run(db: PGlite, message: Uint8Array, onData: (data: Uint8Array) => void) {
  let size = 0;
  let end: Uint8Array = new Uint8Array();
  const onRawData = (data: Uint8Array) => {
    size += data.length;
    end = Buffer.concat([end, data.subarray(-READY_BYTES)]).subarray(-READY_BYTES);
    onData(data);
  };
  await db.execProtocolRawStream(message, { onRawData });
  return { size, isEnded: end[0] === READY };
}

// The Sync comes first: after an error in an extended query the backend skips everything up to it.
async function endUnfinished(db: PGlite): Promise<void> {
  await db.runExclusive(() => db.execProtocolRawStream(sync, { onRawData: () => {} }));
  if (db.isInTransaction()) await db.exec('rollback');
}

function isUnfinished(message: Uint8Array): boolean {
  return unfinished.has(typeOf(message));
}

function typeOf(message: Uint8Array): string {
  return String.fromCharCode(message[0] ?? 0);
}

// A simple query and a Sync always end in ReadyForQuery.
function isAnswered(message: Uint8Array): boolean {
  return message[0] === 0x51 || message[0] === 0x53;
}

function refuseCopy(message: Uint8Array): Uint8Array {
  const isQuery = message[0] === 0x51;
  return isQuery && copyFromStdin.test(new TextDecoder().decode(message.subarray(5))) ? refusal : message;
}

function simpleQuery(sql: string): Uint8Array {
  const message = Buffer.alloc(5 + Buffer.byteLength(sql) + 1);
  message.write('Q');
  message.writeInt32BE(message.length - 1, 1);
  message.write(sql, 5);
  return message;
}

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
const copyFromStdin = /(^|;)\s*copy\b[^;]*\bfrom\s+stdin\b/i;
const refusal = simpleQuery(
  `do $$ begin raise feature_not_supported using message = 'COPY FROM STDIN would stop this embedded Postgres'; end $$`,
);

/**
 * The queue of messages in front of a PGlite, with the methods that pglite-socket's handlers call. One client owns the
 * backend from its first message to the end of its transaction, or to the Sync of its extended query. The queue of
 * pglite-socket has three faults. It keeps only the transaction together, so that a long Bind in several pieces is
 * answered with another client's rows. It stops for ever when a message fails. It also stops when a client leaves while
 * its BEGIN is running. A backend that dies, after an endless recursion for example, sends an answer without an end;
 * `onDeath` reports that.
 */
export function makeQueryQueue(db: PGlite, onDeath: () => void) {
  let jobs: Job[] = [];
  let working = false;
  let owner: number | null = null;

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
      const { size, isWhole } = await db.runExclusive(() => run(db, refuseCopy(message), onData));
      if (!isWhole) onDeath();
      return size;
    } finally {
      owner = isUnfinished(message) || db.isInTransaction() ? client : null;
    }
  }

  async function leave(client: number): Promise<void> {
    if (owner !== client) return;
    await endUnfinished(db);
    owner = null;
  }

  return {
    enqueue: (client: number, message: Uint8Array, onData: (data: Uint8Array) => void) =>
      submit(client, () => execute(client, message, onData)),

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

async function run(db: PGlite, message: Uint8Array, onData: (data: Uint8Array) => void) {
  let size = 0;
  let end: Uint8Array = new Uint8Array();
  const onRawData = (data: Uint8Array) => {
    size += data.length;
    end = Buffer.concat([end, data.subarray(-READY_BYTES)]).subarray(-READY_BYTES);
    onData(data);
  };
  await db.execProtocolRawStream(message, { onRawData });
  return { size, isWhole: !isAnswered(message) || end[0] === READY };
}

// The Sync comes first: after an error in an extended query the backend skips everything up to it.
async function endUnfinished(db: PGlite): Promise<void> {
  await db.runExclusive(() => db.execProtocolRawStream(sync, { onRawData: () => {} }));
  if (db.isInTransaction()) await db.exec('rollback');
}

function isUnfinished(message: Uint8Array): boolean {
  return unfinished.has(String.fromCharCode(message[0] ?? 0));
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

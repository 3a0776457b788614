import { rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import {
  CACHE_FOLDER,
  dropInitialState,
  findInitialState,
  isNewFolder,
  keepInitialState,
} from './initial-state.ts';
import { makeQueryQueue } from './postgres-queue.ts';

const maxConnections = 10_000;

// V8 sometimes ends the process when it frees the code of a PGlite (nodejs/node#64500). With this flag it frees none.
setFlagsFromString('--no-wasm-code-gc');

/**
 * Postgres fills its buffers with zeros at each start, and a write-ahead log has at least a few whole segments. The
 * defaults of 128 MB and 16 MB took most of the time of a start, and the databases here are small. Empty `CACHE_FOLDER` after
 * a change: files kept there have the sizes of before.
 */
const BUFFERS = 'shared_buffers=16MB';
const SIZES = {
  initDbStartParams: ['--wal-segsize=1', '--set', BUFFERS],
  // Files of an earlier start have a configuration of their own.
  startParams: [...PGlite.defaultStartParams, '-c', BUFFERS],
};

export interface PostgresOptions {
  readonly port: number;
  readonly host?: string;
  /** The content of another Postgres at the time of its `save`; empty by default. */
  readonly savedState?: Blob;
  /** The folder in which it keeps its files, from earlier starts too; by default it keeps them in memory. */
  readonly dataFolder?: string | undefined;
  /** Where the first start keeps the files of an empty Postgres, with which later ones take an eighth of the time. */
  readonly cacheFolder?: string;
  /** Called when the backend has died. It answers nobody after that. */
  readonly onDeath?: () => void;
}

interface Files {
  readonly savedState: Blob | undefined;
  readonly dataFolder: string | undefined;
  readonly cacheFolder: string;
}

/**
 * Starts an embedded Postgres that speaks the Postgres protocol on `port` (0: any free port). All clients
 * share one backend, and so its session state. Throws when the port is taken.
 */
export async function startPostgres({
  port,
  host = '127.0.0.1',
  savedState,
  dataFolder,
  cacheFolder = CACHE_FOLDER,
  onDeath = () => {},
}: PostgresOptions) {
  const db = await openPostgres({ savedState, dataFolder, cacheFolder });
  const server = new PGLiteSocketServer({ db, port, host, maxConnections });
  Reflect.set(server, 'queryQueue', makeQueryQueue(db, onDeath));
  await server.start().catch(async (error: unknown) => {
    await db.close();
    throw new Error(`Postgres cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error });
  });
  const address = server.getServerConn();
  return {
    url: `postgres://postgres:postgres@${address}/postgres`,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    /**
     * Its whole state, 30 MB, uncompressed. A Postgres that loads it starts in a fifth of the time of an empty one.
     */
    save: (): Promise<Blob> => db.dumpDataDir('none'),
    async close(): Promise<void> {
      await server.stop();
      await db.close();
    },
  };
}

async function openPostgres({ savedState, dataFolder, cacheFolder }: Files): Promise<PGlite> {
  if (savedState || (dataFolder && !(await isNewFolder(dataFolder))))
    return createPostgres(savedState, dataFolder);
  return (await openInitialState(cacheFolder, dataFolder)) ?? (await openNew(cacheFolder, dataFolder));
}

async function openInitialState(cacheFolder: string, dataFolder?: string): Promise<PGlite | undefined> {
  const initial = await findInitialState(cacheFolder);
  try {
    return initial && (await createPostgres(initial, dataFolder));
  } catch {
    await dropInitialState(cacheFolder);
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
    return undefined;
  }
}

async function openNew(cacheFolder: string, dataFolder?: string): Promise<PGlite> {
  const db = await createPostgres(undefined, dataFolder);
  await keepInitialState(cacheFolder, await db.dumpDataDir('none'));
  return db;
}

async function createPostgres(state?: Blob, dataFolder?: string): Promise<PGlite> {
  const options = { ...SIZES, extensions: { pg_trgm }, ...(state && { loadDataDir: state }) };
  if (!dataFolder) return PGlite.create(options);
  return PGlite.create({ ...options, dataDir: dataFolder }).catch((error: unknown) => {
    throw new Error(`${dataFolder} cannot be opened: ${reasonOf(error)}; delete it to begin anew.`, {
      cause: error,
    });
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
}

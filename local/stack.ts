import { createHash } from 'node:crypto';
import { migrate } from '../drizzle/migrate.ts';
import { takeDataFolder } from './data-folder.ts';
import { describe } from './describe.ts';
import { forgetEntries } from './forget-entries.ts';
import { requireKnownMigrations } from './known-migrations.ts';
import { startNeonBridge } from './neon-bridge.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { seed } from './seed.ts';
import { startUpstashBridge } from './upstash-bridge.ts';

/** The local key, and the bearer token of the Upstash protocol; not a secret. */
export const LOCAL_KEY = 'ea_local_root';

export interface StackOptions {
  /** Loopback ports; 0 means any free one. */
  readonly postgresPort: number;
  readonly neonPort: number;
  readonly redisPort: number;
  readonly upstashPort: number;
  /** A real server that takes the place of the embedded one. */
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** The folder of LOCAL_DATA, in which the embedded Postgres keeps its data. */
  readonly dataFolder?: string | undefined;
  /** Called when the embedded Postgres has died. */
  readonly onPostgresDeath?: () => void;
}

/** A running Postgres, Redis and the two protocols in front of them, migrated and seeded. */
export interface Stack {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly neonUrl: string;
  readonly upstashUrl: string;
  /** Secrets and vars for a Worker that uses the stack. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts the parts that are not given as URLs. If one fails, closes those that have started, and throws. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const parts: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const part of parts.toReversed()) await part.close();
  };
  const started = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    parts.push(await part);
    return part;
  };
  try {
    const postgresUrl = options.databaseUrl ?? (await started(startOwnPostgres(options))).url;
    const redisUrl = options.redisUrl ?? (await started(startRedis({ port: options.redisPort }))).url;
    await prepare(postgresUrl, options);
    const neon = await started(startNeonBridge({ port: options.neonPort, postgresUrl }));
    const upstash = await started(
      startUpstashBridge({ port: options.upstashPort, redisUrl, token: LOCAL_KEY }),
    );
    const env = workerEnv(neon.url, upstash.url, postgresUrl);
    if (options.redisUrl) await forgetEntries(redisUrl, env.DATABASE_ID);
    return { postgresUrl, redisUrl, neonUrl: neon.url, upstashUrl: upstash.url, env, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startOwnPostgres({
  postgresPort,
  dataFolder,
  onPostgresDeath: onDeath = () => {},
}: StackOptions) {
  if (dataFolder === undefined) return startPostgres({ port: postgresPort, onDeath });
  const files = await takeDataFolder(dataFolder);
  return startPostgres({ port: postgresPort, dataFolder: files, onDeath });
}

async function prepare(postgresUrl: string, { dataFolder }: StackOptions): Promise<void> {
  if (dataFolder === undefined) await migrate(postgresUrl);
  else await ofDataFolder(dataFolder, migrateKnown(postgresUrl));
  await seed(postgresUrl);
}

// Data that is refused stays as it is.
async function migrateKnown(postgresUrl: string): Promise<void> {
  await requireKnownMigrations(postgresUrl);
  await migrate(postgresUrl);
}

// The data is that of a local stack, so it may be deleted.
async function ofDataFolder<T>(folder: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new Error(
      `the data in the folder ${folder} of LOCAL_DATA cannot be used: ${describe(error)}; delete the folder to begin anew.`,
      { cause: error },
    );
  });
}

/** Secrets and vars for a Worker in front of these bridges. */
export function workerEnv(neonUrl: string, upstashUrl: string, postgresUrl: string) {
  const { host, pathname } = new URL(postgresUrl);
  return {
    // The id comes from the server and not from the bridge: two local stacks on one database and one Redis would
    // otherwise miss each other's writes.
    DATABASE_ID: `${host}${pathname}`,
    DATABASE_URL: `postgres://postgres:local@${new URL(neonUrl).host}${pathname}`,
    UPSTASH_REDIS_REST_URL: upstashUrl,
    UPSTASH_REDIS_REST_TOKEN: LOCAL_KEY,
    ENVIRONMENT: 'local',
    // The terminal shows only errors.
    LOG_REQUESTS: 'false',
    ROOT_API_KEY_SHA256: createHash('sha256').update(LOCAL_KEY).digest('hex'),
  };
}

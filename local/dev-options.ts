/** The options of the local stack, read from the environment. */
export interface DevOptions {
  readonly ports: Readonly<Record<keyof typeof PORTS, number>>;
  /** A real server that takes the place of the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** The folder in which the embedded Postgres keeps its data; without it the data is gone when the stack ends. */
  readonly dataFolder: string | undefined;
  /** The account Worker reads by an origin Worker. */
  readonly hasOriginWorker: boolean;
  /** The stack prints a line for every request. */
  readonly logRequests: boolean;
}

const PORTS = {
  PORT: 8787,
  CONSUMER_PORT: 8788,
  LOCAL_POSTGRES_PORT: 54_320,
  LOCAL_NEON_PORT: 54_321,
  LOCAL_REDIS_PORT: 63_790,
  LOCAL_UPSTASH_PORT: 63_791,
};

/** Throws one sentence that names the wrong variable. The sentence leaves out a value that may hold a password. */
export function readDevOptions(env: NodeJS.ProcessEnv): DevOptions {
  if (env['LOCAL_DATA'] && env['DATABASE_URL']) {
    throw new Error('LOCAL_DATA is for the embedded Postgres, which DATABASE_URL replaces; set one of them.');
  }
  return {
    ports: {
      PORT: readPort(env, 'PORT'),
      CONSUMER_PORT: readPort(env, 'CONSUMER_PORT'),
      LOCAL_POSTGRES_PORT: readPort(env, 'LOCAL_POSTGRES_PORT'),
      LOCAL_NEON_PORT: readPort(env, 'LOCAL_NEON_PORT'),
      LOCAL_REDIS_PORT: readPort(env, 'LOCAL_REDIS_PORT'),
      LOCAL_UPSTASH_PORT: readPort(env, 'LOCAL_UPSTASH_PORT'),
    },
    // The path is part of the name under which answers are shared, so the URL must state it.
    databaseUrl: readUrl(
      env,
      'DATABASE_URL',
      /^postgres(ql)?:\/\/[^/?#]*\/[^/?#]+/,
      'postgres://user@host:5432/database',
    ),
    dataFolder: env['LOCAL_DATA'] || undefined,
    hasOriginWorker: readSwitch(env, 'LOCAL_ORIGIN'),
    logRequests: readSwitch(env, 'LOG_REQUESTS'),
    redisUrl: readUrl(env, 'REDIS_URL', /^rediss?:\/\/[^/?#]+/, 'redis://host:6379'),
  };
}

/** The ports on which a part of the stack will listen. */
export function portsToOpen({ ports, databaseUrl, redisUrl }: DevOptions): Record<string, number> {
  const { LOCAL_POSTGRES_PORT, LOCAL_REDIS_PORT, ...always } = ports;
  return {
    ...always,
    ...(!databaseUrl && { LOCAL_POSTGRES_PORT }),
    ...(!redisUrl && { LOCAL_REDIS_PORT }),
  };
}

function readPort(env: NodeJS.ProcessEnv, name: keyof typeof PORTS): number {
  const text = env[name] || String(PORTS[name]);
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new Error(`${name} must be a port from 1 to 65535, not "${text}".`);
}

function readSwitch(env: NodeJS.ProcessEnv, name: string): boolean {
  const text = env[name] || 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Error(`${name} must be true or false, not "${text}".`);
}

function readUrl(env: NodeJS.ProcessEnv, name: string, shape: RegExp, example: string): string | undefined {
  const text = env[name] || undefined;
  if (text === undefined || (URL.canParse(text) && shape.test(text))) return text;
  throw new Error(`${name} must be a URL like ${example}.`);
}

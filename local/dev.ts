import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireFreePorts } from './free-ports.ts';
import { LOCAL_KEY, type Stack, startStack } from './stack.ts';
import { startWorkers, type Workers } from './workers.ts';

/** How often the scheduled handler fires here; in production Cloudflare's cron does it every minute. */
const DRAIN_INTERVAL_MS = 5_000;
/** Editors write a file in several steps. */
const RELOAD_DELAY_MS = 100;

const parts: { close(): Promise<void> }[] = [];
let isEnding = false;

async function end(exitCode: number): Promise<never> {
  isEnding = true;
  for (const part of parts.toReversed()) await part.close().catch(() => {});
  process.exit(exitCode);
}

async function fail(error: unknown): Promise<void> {
  if (isEnding) return;
  console.error(`Edge Accounts has stopped: ${describe(error)}`);
  await end(1);
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function portOf(name: string, preset: number): number {
  const text = process.env[name] ?? String(preset);
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new Error(`${name} must be a port from 1 to 65535, not "${text}".`);
}

async function start(): Promise<{ stack: Stack; workers: Workers }> {
  const ports = {
    PORT: portOf('PORT', 8787),
    CONSUMER_PORT: portOf('CONSUMER_PORT', 8788),
    LOCAL_POSTGRES_PORT: portOf('LOCAL_POSTGRES_PORT', 54_320),
    LOCAL_NEON_PORT: portOf('LOCAL_NEON_PORT', 54_321),
    LOCAL_REDIS_PORT: portOf('LOCAL_REDIS_PORT', 63_790),
    LOCAL_UPSTASH_PORT: portOf('LOCAL_UPSTASH_PORT', 63_791),
  };
  const databaseUrl = process.env['DATABASE_URL'];
  const redisUrl = process.env['REDIS_URL'];
  const { LOCAL_POSTGRES_PORT, LOCAL_REDIS_PORT, ...always } = ports;
  await requireFreePorts({
    ...always,
    ...(!databaseUrl && { LOCAL_POSTGRES_PORT }),
    ...(!redisUrl && { LOCAL_REDIS_PORT }),
  });
  const stack = await startStack({
    postgresPort: LOCAL_POSTGRES_PORT,
    neonPort: ports.LOCAL_NEON_PORT,
    redisPort: LOCAL_REDIS_PORT,
    upstashPort: ports.LOCAL_UPSTASH_PORT,
    databaseUrl,
    redisUrl,
  });
  parts.push(stack);
  const workers = await startWorkers({
    port: ports.PORT,
    consumerPort: ports.CONSUMER_PORT,
    env: stack.env,
    onLog: (level, line) => (level === 'error' || level === 'warn' ? console.error(line) : console.log(line)),
  });
  parts.push(workers);
  return { stack, workers };
}

function drainRegularly(workers: Workers): void {
  const timer = setInterval(() => {
    workers
      .fireScheduled()
      .catch((error: unknown) => fail(new Error(`the Worker is dead (${describe(error)})`)));
  }, DRAIN_INTERVAL_MS);
  parts.push({ close: async () => clearInterval(timer) });
}

function reloadOnChange(workers: Workers): void {
  let timer: NodeJS.Timeout | undefined;
  const reload = (): void => {
    workers.reload().then(
      () => console.log('reloaded'),
      (error: unknown) => console.error(`not reloaded: ${describe(error)}`),
    );
  };
  for (const folder of ['../src', '../examples']) {
    const watcher = watch(fileURLToPath(new URL(folder, import.meta.url)), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(reload, RELOAD_DELAY_MS);
    });
    parts.push({ close: async () => watcher.close() });
  }
}

function announce(stack: Stack, workers: Workers): void {
  const { origin, port } = workers.url;
  console.log(`
  Edge Accounts   ${origin}        docs at ${origin}/docs
  consumer        ${workers.consumerUrl.origin}
  Postgres        ${stack.postgresUrl}        Neon protocol at ${stack.neonUrl}/sql
  Redis           ${stack.redisUrl}        Upstash protocol at ${stack.upstashUrl}
  key             ${LOCAL_KEY}

curl -H 'Authorization: Bearer ${LOCAL_KEY}' ${origin}/v1/users/3
curl -H 'Authorization: Bearer ${LOCAL_KEY}' http://hr.3141-5926-5359.api.localhost:${port}/v1/context
curl http://hr.3141-5926-5359.api.localhost:${workers.consumerUrl.port}/

ready`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void end(0));
process.on('uncaughtException', (error) => void fail(error));
process.on('unhandledRejection', (error) => void fail(error));

try {
  const { stack, workers } = await start();
  // A shared Redis may hold what another database under the same name once said.
  await workers.fireScheduled();
  drainRegularly(workers);
  reloadOnChange(workers);
  announce(stack, workers);
} catch (error) {
  await fail(error);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from './describe.ts';
import { portsToOpen, readDevOptions } from './dev-options.ts';
import { requireFreePorts } from './free-ports.ts';
import { requireServers } from './given-servers.ts';
import { watchNpm } from './npm-parent.ts';
import { reloadOnChange } from './reload.ts';
import { LOCAL_KEY, type Stack, startStack } from './stack.ts';
import { untilReady } from './until-ready.ts';
import { startWorkers, type Workers } from './workers.ts';

/** The interval between two runs of the scheduled handler. In production Cloudflare's cron runs it every minute. */
const DRAIN_INTERVAL_MS = 5_000;

let isReady = false;

// Ending this process ends every part: all but workerd live in it, and Miniflare kills workerd as it exits. So a part
// that hangs cannot delay the end, and a second Ctrl-C has nothing left to do.
function end(): never {
  process.exit(0);
}

function fail(error: unknown): never {
  console.error(`Edge Accounts ${isReady ? 'has stopped' : 'cannot start'}: ${describe(error)}`);
  process.exit(1);
}

async function start(): Promise<{ stack: Stack; workers: Workers }> {
  const options = readDevOptions(process.env);
  await requireFreePorts(portsToOpen(options));
  await requireServers(options);
  const { ports, databaseUrl, redisUrl, dataFolder, hasOriginWorker, logRequests } = options;
  const stack = await startStack({
    postgresPort: ports.LOCAL_POSTGRES_PORT,
    neonPort: ports.LOCAL_NEON_PORT,
    redisPort: ports.LOCAL_REDIS_PORT,
    upstashPort: ports.LOCAL_UPSTASH_PORT,
    databaseUrl,
    redisUrl,
    dataFolder,
    onPostgresDeath: () => fail('the embedded Postgres has died; a query was more than it could bear.'),
  });
  const workers = await startWorkers({
    port: ports.PORT,
    consumerPort: ports.CONSUMER_PORT,
    hasOriginWorker,
    env: { ...stack.env, LOG_REQUESTS: String(logRequests) },
    onLog: (level, line) => (level === 'error' || level === 'warn' ? console.error(line) : console.log(line)),
    onRestart: () => fail('workerd has died.'),
  });
  await untilReady(workers.url.origin);
  await workers.fireScheduled();
  return { stack, workers };
}

async function drainRegularly(workers: Workers): Promise<never> {
  for (;;) {
    await sleep(DRAIN_INTERVAL_MS);
    await workers.fireScheduled().catch(async (error: unknown) => {
      await workers.requireAlive();
      // The next drain makes up for a failed one.
      console.error(`a drain has failed: ${describe(error)}`);
    });
  }
}

function announce(stack: Stack, workers: Workers): void {
  const { origin, port } = workers.url;
  console.log(`
  Edge Accounts   ${origin}        docs at ${origin}/docs
  consumer        ${workers.consumerUrl.origin}
  Postgres        ${withoutPassword(stack.postgresUrl)}        Neon protocol at ${stack.neonUrl}/sql
  Redis           ${withoutPassword(stack.redisUrl)}        Upstash protocol at ${stack.upstashUrl}
  key and token   ${LOCAL_KEY}

curl -H 'Authorization: Bearer ${LOCAL_KEY}' ${origin}/v1/users/3
curl -H 'Authorization: Bearer ${LOCAL_KEY}' http://hr.3141-5926-5359.api.localhost:${port}/v1/context
curl http://hr.3141-5926-5359.api.localhost:${workers.consumerUrl.port}/

ready`);
}

// The password of a real server must not be printed. The embedded server has none.
function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  return url.href;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  await watchNpm(end);
  const { stack, workers } = await start();
  reloadOnChange(workers);
  isReady = true;
  announce(stack, workers);
  await drainRegularly(workers);
} catch (error) {
  fail(error);
}

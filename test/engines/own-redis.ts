import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A real Redis of one test file's own, for actions that would disturb the users of a shared one. */
export interface OwnRedis {
  readonly url: string;
  /** Makes it full: it refuses every command that takes more memory, and evicts nothing. */
  setFull(isFull: boolean): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const PROGRAM = 'redis-server';
const START_LIMIT_MS = 60_000;
/** Ends the program when the input of the shell closes: a run that is killed cannot end it itself. */
const WHILE_READ = '"$@" & read -r line; kill -9 $!';

export function hasRedisServer(): boolean {
  return spawnSync(PROGRAM, ['--version']).status === 0;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const port = await findFreePort();
  const options = { port, bind: HOST, 'maxmemory-policy': 'noeviction', save: '', appendonly: 'no' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const server = spawn('sh', ['-c', WHILE_READ, 'sh', PROGRAM, ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(server, 'exit');
  const url = `redis://${HOST}:${port}`;
  const redis = new Redis(url, { retryStrategy: () => 20 });
  redis.on('error', () => {});
  const late = sleep(START_LIMIT_MS, 'late', { ref: false });
  if ((await Promise.race([redis.ping(), ended, late])) !== 'PONG') {
    server.stdin.end();
    redis.disconnect();
    throw new Error(`${PROGRAM} did not start`);
  }
  return {
    url,
    // Redis always uses at least a byte, and takes 0 for no limit.
    setFull: async (isFull) => void (await redis.config('SET', 'maxmemory', isFull ? '1' : '0')),
    async close() {
      redis.disconnect();
      server.stdin.end();
      await ended;
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

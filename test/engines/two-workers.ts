import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Stack, startStack } from '../../local/stack.ts';
import { startWorkers, type Workers } from '../../local/workers.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import { bundleOnce } from './bundles.ts';
import { createTestDatabase } from './database.ts';

export interface TwoWorkers {
  readonly stack: Stack;
  readonly workers: Workers;
  close(): Promise<void>;
}

/** Both Workers in workerd on engines of their own; `vars` go to the account Worker. */
export async function startTwoWorkers(
  consumerConfig?: string,
  vars: Readonly<Record<string, string>> = {},
  bundle = bundleOnce,
): Promise<TwoWorkers> {
  const database = await createTestDatabase({ seed: true });
  const stack = await startStack({
    postgresPort: 0,
    neonPort: 0,
    redisPort: 0,
    upstashPort: 0,
    databaseUrl: database.url,
    redisUrl: process.env['REDIS_URL'],
  });
  const options = { port: 0, consumerPort: 0, env: { ...stack.env, ...UNHURRIED, ...vars } };
  const workers = await startWorkers({
    ...options,
    bundle,
    ...(consumerConfig && { consumerConfig }),
  });
  return {
    stack,
    workers,
    async close() {
      await workers.close();
      await stack.close();
      await database.close();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks `origin` under another host name. fetch would not send the Host header. */
export function askAs(
  host: string,
  origin: string,
  path = '/',
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}${path}`, { headers: { ...headers, Host: host } }, (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((body) => resolve({ status, headers: response.headers, text: body }), reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { LOCAL_KEY, startStack, type Stack } from '../../local/stack.ts';
import { startWorkers, type Workers } from '../../local/workers.ts';
import { bundleOnce } from '../engines/bundles.ts';
import { createEmptyDatabase } from '../engines/database.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const anyPorts = { postgresPort: 0, neonPort: 0, redisPort: 0, upstashPort: 0 };

async function start(databaseUrl: string, redisUrl: string | undefined): Promise<[Stack, Workers]> {
  const stack = await startStack({ ...anyPorts, databaseUrl, redisUrl });
  onTestFinished(() => stack.close());
  const workers = await startWorkers({
    port: 0,
    consumerPort: 0,
    // The first read of the renamed user would drain.
    env: { ...stack.env, ...UNHURRIED, DRAIN_EVERY_MS: '0' },
    bundle: bundleOnce,
  });
  onTestFinished(() => workers.close());
  return [stack, workers];
}

async function readFirstName({ url }: Workers): Promise<string> {
  const headers = { Authorization: `Bearer ${LOCAL_KEY}`, 'Cache-Control': 'max-age=0' };
  const user = (await (await fetch(`${url.origin}/v1/users/3`, { headers })).json()) as { firstName: string };
  return user.firstName;
}

async function rename(databaseUrl: string, firstName: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('update users set first_name = $1 where id = 3', [firstName]);
  await client.end();
}

test('two local stacks on one database and one Redis share their answers and what ends them', async () => {
  const database = await createEmptyDatabase();
  onTestFinished(() => database.close());
  const [one, workersOfOne] = await start(database.url, process.env['REDIS_URL']);
  const [, workersOfOther] = await start(database.url, one.redisUrl);
  expect(await readFirstName(workersOfOther)).toBe('');
  await rename(database.url, 'John');
  expect(await readFirstName(workersOfOther)).toBe('');
  await workersOfOne.fireScheduled();
  expect(await readFirstName(workersOfOther)).toBe('John');
});

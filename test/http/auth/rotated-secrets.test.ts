import { expect, test } from 'vitest';
import { sha256Of } from '../../../src/lib/hash.ts';
import { countRequests, emptyRedis, get, newIsolate, type TestStack, useStack } from '../../support/stack.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';

const stack = useStack();
const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];

/** An isolate of a deployment with these secrets. */
const deployed = (secrets: Record<string, string>): TestStack =>
  newIsolate({ ...stack.current, env: { ...stack.current.env, ...secrets } });

test('while one root key takes the place of another both are good, and no third', async () => {
  const both = deployed({ ROOT_API_KEY_SHA256: `${await sha256Of('new')} ${await sha256Of('old')}` });
  const statuses = ['new', 'old', 'other'].map(async (key) => {
    const { status } = await get(both, '/v1/users/3', { Authorization: `Bearer ${key}` });
    return status;
  });
  expect(await Promise.all(statuses)).toEqual([200, 200, 401]);
});

async function firstCursor(on: TestStack): Promise<string> {
  const { nextCursor } = await (await get(on, '/v1/users?limit=1')).json<{ nextCursor: string }>();
  return nextCursor;
}

const statusOfCursor = async (on: TestStack, cursor: string) =>
  (await get(on, `/v1/users?limit=1&cursor=${cursor}`)).status;

/** The deployments of a rotation, in order. */
const steps = [OLD, `${OLD} ${NEW}`, `${NEW} ${OLD}`, NEW].map((secret) => ({ ENTRY_SECRET: secret }));

test('in a rotation of ENTRY_SECRET each deployment takes the cursors of the next and of the one before', async () => {
  const deployments = steps.map(deployed);
  const cursors = await Promise.all(deployments.map(firstCursor));
  const taken = deployments.map((on) => Promise.all(cursors.map((cursor) => statusOfCursor(on, cursor))));
  expect(await Promise.all(taken)).toEqual([
    [200, 200, 400, 400],
    [200, 200, 200, 200],
    [200, 200, 200, 200],
    [400, 400, 200, 200],
  ]);
});

test('and the sealed entries of the one before', async () => {
  const key = await issueKey(stack.current);
  const ask = (on: TestStack) => get(on, '/v1/users/3', withKey(key));
  for (const [before, after] of [
    [steps[0], steps[1]],
    [steps[1], steps[2]],
    [steps[2], steps[3]],
  ]) {
    await emptyRedis(stack.current);
    await ask(deployed({ ...before }));
    const { postgres } = await countRequests(stack.current, () => ask(deployed({ ...after })));
    // The use of the key is noted once by each isolate.
    expect(postgres).toBe(1);
  }
});

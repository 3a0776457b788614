import { beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL } from '../../../src/cache/placed/protocol.ts';
import { isolateOf } from '../../../src/isolate.ts';
import { askOriginWorker } from '../../support/http/origin-worker.ts';
import { drainNow, get, newIsolate, sql, type TestStack, useStack } from '../../support/stack.ts';

const stack = useStack();
const OWN = '1234-5678-9012';
const OTHER = '3141-5926-5359';
const READ = ['directory:read'];

type Bounds = { readonly accountNumber: string | null; readonly scopes: readonly string[] } | null;

beforeAll(async () => {
  await sql(stack.current, "update accounts set external_id = 'of ' || id");
  await sql(stack.current, "update users set external_id = 'of ' || id");
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});

/** Asks the origin Worker as an isolate would that does not check rights. */
async function statusOf(on: TestStack, bounds: Bounds, name: string, input: unknown): Promise<string> {
  const { placed, storeSettings } = isolateOf(on.env);
  const { databaseId, variant } = storeSettings;
  const said = { protocol: PROTOCOL, databaseId, variant, cursor: '', newest: '', counts: '' };
  const body = JSON.stringify({ ...said, bounds, questions: [{ name, input, reload: false, token: '' }] });
  const headers = { Authorization: await placed.seal.sign(body) };
  const response = await askOriginWorker(
    on.env,
    new Request('https://x/', { method: 'POST', body, headers }),
  );
  const { answers } = await response.json<{ answers: { status: string }[] }>();
  return answers[0]?.status ?? '';
}

const bound = { accountNumber: OWN, scopes: READ };
const slice = (input: object, within: string | null) => ({ input, within });

test.each<[string, unknown]>([
  ['user', { userId: 3 }],
  ['userByUsername', { username: 'janedoe' }],
  ['userByExternalId', { externalId: 'of 4' }],
  ['accountByExternalId', { externalId: 'of 2' }],
  ['userProfile', { userProfileId: 3 }],
  ['account', { accountNumber: OWN }],
  ['adminUser', { accountNumber: OWN }],
  ['accountForUser', { userId: 3 }],
  ['usersOfAccount', slice({ accountNumber: OWN }, null)],
  ['accountsOfUser', slice({ userId: 3 }, OWN)],
  ['memberOfAccount', { accountNumber: OWN, userId: 1 }],
  ['accountState', OWN],
  ['key', 1],
])('the question %s of a bound caller about its own is answered', async (name, input) => {
  expect(await statusOf(stack.current, bound, name, input)).toBe('found');
});

test.each<[string, unknown]>([
  ['user', { userId: 1 }],
  ['user', { userId: 999 }],
  ['userByUsername', { username: 'admin' }],
  ['userByExternalId', { externalId: 'of 1' }],
  ['accountByExternalId', { externalId: 'of 1' }],
  ['userProfile', { userProfileId: 1 }],
  ['account', { accountNumber: OTHER }],
  ['adminUser', { accountNumber: OTHER }],
  ['accountForUser', { userId: 1 }],
  ['defaultAccount', {}],
  ['platformAdminProfile', {}],
  ['usersOfAccount', slice({ accountNumber: OTHER }, null)],
  ['userProfilesOfAccount', slice({ accountNumber: OTHER }, null)],
  ['validResourceOwners', slice({ userProfileId: 1 }, null)],
  ['accountsOfUser', slice({ userId: 3 }, null)],
  ['accountsOfUser', slice({ userId: 1 }, OTHER)],
  ['memberOfAccount', { accountNumber: OTHER, userId: 1 }],
  ['profileInAccount', { accountNumber: OTHER, userProfileId: 1 }],
  ['memberNamed', { accountNumber: OTHER, username: 'admin' }],
  ['memberWithExternalId', { accountNumber: OTHER, externalId: 'of 1' }],
  ['accountWithExternalId', { accountNumber: OTHER, externalId: 'of 1' }],
  ['accountState', OTHER],
])('the question %s of a bound caller about others, %j, is refused', async (name, input) => {
  expect(await statusOf(stack.current, bound, name, input)).toBe('unseen');
});

describe('a caller that is bound to no account', () => {
  test('sees all', async () => {
    const bounds = { accountNumber: null, scopes: READ };
    expect(await statusOf(stack.current, bounds, 'user', { userId: 1 })).toBe('found');
  });

  test('sees nothing without a right to the directory', async () => {
    const bounds = { accountNumber: null, scopes: ['audit:read', 'cache:invalidate'] };
    expect(await statusOf(stack.current, bounds, 'user', { userId: 1 })).toBe('unseen');
  });
});

test.each<[string, unknown, string]>([
  ['key', 1, 'found'],
  ['user', { userId: 3 }, 'unknown'],
  ['accountState', OWN, 'unknown'],
])('before the caller is known, the question %s of %j is %3$s', async (name, input, status) => {
  expect(await statusOf(stack.current, null, name, input)).toBe(status);
});

test.each<[string, unknown]>([
  ['nothing', {}],
  ['toString', {}],
  ['user', { userId: '3' }],
  ['user', { userId: 3, more: true }],
  ['account', { accountNumber: 'x' }],
  ['usersOfAccount', { input: { accountNumber: OWN }, within: null, page: { limit: 7, afterId: 0 } }],
])('the question %s of %j is one that this version does not know', async (name, input) => {
  const bounds = { accountNumber: null, scopes: READ };
  expect(await statusOf(stack.current, bounds, name, input)).toBe('unknown');
});

test('a member that is taken away is out of reach at once, since the origin Worker remembers no membership', async () => {
  const on = newIsolate(stack.current);
  const ask = () => statusOf(on, bound, 'user', { userId: 4 });
  expect(await ask()).toBe('found');
  await sql(stack.current, 'delete from user_profiles where user_id = 4');
  await drainNow(stack.current);
  expect(await ask()).toBe('unseen');
});

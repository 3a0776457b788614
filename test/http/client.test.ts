import { expect, test } from 'vitest';
import { makeClient } from '../../src/client/client.ts';
import { KEY, send, useStack } from '../support/stack.ts';

const stack = useStack();

function client(key = KEY) {
  return makeClient({
    baseUrl: 'http://127.0.0.1:8787',
    key,
    fetch: (input, init) => send(stack.current, new Request(input, init).url, new Request(input, init)),
  });
}

test('the typed client reads what there is', async () => {
  const response = await client().v1.users[':userId'].$get({ param: { userId: '3' } });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  const user = await response.json();
  const username: string = user.username;
  expect(username).toBe('johndoe');
});

test('the typed client creates, and its types refuse what is no field', async () => {
  const { accounts } = client().v1;
  const created = await accounts.$post({ json: { companyName: 'Typed Ltd' } });
  expect(created.status).toBe(201);
  const { accountNumber } = await created.json();
  const read = await accounts[':accountNumber'].$get({ param: { accountNumber } });
  expect(await read.json()).toMatchObject({ companyName: 'Typed Ltd' });
  // @ts-expect-error -- no such field
  const refused = await accounts.$post({ json: { companyName: 'x', isDefaultAccount: true } });
  expect(refused.status).toBe(400);
});

test('the typed client sends conditions as headers', async () => {
  const account = client().v1.accounts[':accountNumber'];
  const param = { accountNumber: '1234-5678-9012' };
  const read = await account.$get({ param });
  const headers = { 'If-Match': read.headers.get('ETag') ?? '' };
  const changed = await account.$patch({ param, json: { city: 'Typed' } }, { headers });
  expect(await changed.json()).toMatchObject({ city: 'Typed' });
});

test('the typed client looks many things up, and its types know the kinds', async () => {
  const { lookup } = client().v1;
  const response = await lookup.$post({
    json: {
      lookUps: [
        { lookUp: 'user', userId: 3 },
        { lookUp: 'account', accountNumber: '0000-0000-0000' },
      ],
    },
  });
  expect(response.status).toBe(200);
  const { results } = await response.json();
  const told = results.map((one) => (one.status === 200 ? one.value.id : one.problem.code));
  expect(told).toEqual([3, 'account_does_not_exist']);
  // @ts-expect-error -- a user is not looked up by the number of an account
  const refused = await lookup.$post({ json: { lookUps: [{ lookUp: 'user', accountNumber: 'x' }] } });
  expect(refused.status).toBe(400);
});

test('a wrong key is an answer, not an exception', async () => {
  const response = await client('wrong').v1.accounts.default.$get();
  expect(response.ok).toBe(false);
  expect(response.headers.get('WWW-Authenticate')).toContain('Bearer');
});

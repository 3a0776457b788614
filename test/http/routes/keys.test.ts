import { describe, expect, test } from 'vitest';
import { get, send, useStack } from '../../support/stack.ts';
import { formatApiKey } from '../../../src/directory/keys/api-key.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { askRoute, initOf, nameOf, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
const PATH = '/v1/users/3';
const ask = (authorization: string, path = PATH) =>
  send(stack.current, path, { headers: { Authorization: authorization } });

test.each(['Bearer ea_local_root', 'Token ea_local_root', 'bearer ea_local_root', 'TOKEN   ea_local_root'])(
  'Authorization: %s is accepted',
  async (authorization) => {
    expect((await ask(authorization)).status).toBe(200);
  },
);

test.each([
  '',
  'Bearer',
  'Bearer ',
  'ea_local_root',
  'Basic ea_local_root',
  `Basic ${btoa('ea_local_root:')}`,
  'Bearer ea_local_root x',
  'Bearer ea_local_roo',
  'Bearer ea_local_root0',
  'Bearer EA_LOCAL_ROOT',
  'Bearer Bearer ea_local_root',
  'Bearer:ea_local_root',
  'Bearer ea_local_root, Bearer ea_local_root',
  `Bearer ${'x'.repeat(10_000)}`,
])('Authorization: %s is 401, with a challenge', async (authorization) => {
  const response = await ask(authorization);
  const problem = await expectProblem(response, 'unauthorized');
  expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="/);
  expect(problem.errors).toBeUndefined();
});

test('no Authorization at all is 401', async () => {
  await expectProblem(await send(stack.current, PATH), 'unauthorized');
});

test('what is absent is 401 to who has no key', async () => {
  await expectProblem(await send(stack.current, '/v1/users/999'), 'unauthorized');
});

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  const path = pathOf(route);
  const and = path.includes('?') ? '&' : '?';

  test('asks for a key unless it is open', async () => {
    const response = await send(stack.current, path, initOf(route));
    expect(response.status).toBe(route.spec.scope === 'open' ? 200 : 401);
  });

  test.each(['key', 'api_key', 'token', 'access_token', 'API-Key', 'Authorization'])(
    'a key in the query as %s is 400 and not repeated in the answer, with a good key or without',
    async (name) => {
      const asked = `${path}${and}${name}=ea_secret`;
      for (const headers of [{}, { Authorization: 'Bearer ea_local_root' }]) {
        const response = await send(stack.current, asked, initOf(route, headers));
        const problem = await expectProblem(response, 'bad_request');
        expect(problem.errors).toMatchObject([{ in: 'query', name }]);
        expect(JSON.stringify(problem)).not.toContain('ea_secret');
      }
    },
  );

  test('a key in the query under any name is 400', async () => {
    await expectProblem(await askRoute(stack.current, route, `${path}${and}x=ea_local_root`), 'bad_request');
  });
});

const ISSUED = formatApiKey({ environment: 'production', id: 12, secret: 'a'.repeat(43) });
const nested = (key: string) =>
  encodeURIComponent(`https://a.example/?b=${encodeURIComponent(`c d=${key}`)}`);
const inHex = (key: string) => Array.from(key, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');

describe.each([ISSUED, 'ea_local_root'])('the key %s', (key) => {
  test.each([
    `/v1/users/3?q=Bearer%20${key}`,
    `/v1/users/3?q=Bearer+${key}`,
    `/v1/users/3?q=a,${key},b`,
    `/v1/users/3?${key}`,
    `/v1/users/3?${key}=1`,
    `/v1/users/3?q=${inHex(key)}`,
    `/v1/users/3?a=1&a=${key}`,
    `/v1/users?usernamePrefix=${key}`,
    `/v1/account-number?url=${key}`,
    `/v1/account-number?url=https://a.example/?token=${key}`,
    `/v1/account-number?url=${nested(key)}`,
    `/v1/users/by-username/${key}`,
    `/v1/users/by-username/${inHex(key)}`,
    `/v1/explain?path=${encodeURIComponent(`/v1/users/3?q=${key}`)}`,
    `/v1/explain?path=${encodeURIComponent(`/v1/users/by-username/${key}`)}`,
  ])('is refused in %s, and not repeated', async (path) => {
    for (const headers of [{}, { Authorization: 'Bearer ea_local_root' }]) {
      const problem = await expectProblem(await send(stack.current, path, { headers }), 'bad_request');
      expect(problem.detail).toContain('send keys in the Authorization header');
      expect(JSON.stringify(problem)).not.toContain(key);
    }
  });
});

test.each([
  '/v1/users?usernamePrefix=ea_sports_',
  '/v1/users?usernamePrefix=ea_production_12_',
  `/v1/users?usernamePrefix=${ISSUED.slice(0, -1)}`,
  '/v1/users?usernamePrefix=ea_local_roo',
  '/v1/users?usernamePrefix=ea_local_rooted',
  `/v1/users?usernamePrefix=${ISSUED.replace('_12_', '_012_')}`,
  '/v1/account-number?url=https://ea_sports_1.example/',
])('no key is in %s', async (path) => {
  expect((await get(stack.current, path)).status).toBe(200);
});

test('a name that begins like a key is looked up', async () => {
  await expectProblem(await get(stack.current, '/v1/users/by-username/ea_sports_12'), 'user_does_not_exist');
});

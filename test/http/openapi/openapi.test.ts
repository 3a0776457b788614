import { beforeAll, describe, expect, test } from 'vitest';
import { get, newIsolate, send, useStack, whileAway } from '../../support/stack.ts';
import { Document, findFault, Operation, validatorOf } from '../../support/http/document.ts';
import {
  askRoute,
  initOf,
  nameOf,
  parametersOf,
  pathOf,
  routes,
  useGoodRows,
} from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
let text = '';
let api: Document;

function operationOf(method: string, path: string): Operation {
  const name = path.replaceAll(/:(\w+)/g, '{$1}');
  return Operation.parse(
    Object.entries(api.paths[name] ?? {}).find(([verb]) => verb.toUpperCase() === method)?.[1],
  );
}

beforeAll(async () => {
  text = await (await send(stack.current, '/openapi.json')).text();
  api = Document.parse(JSON.parse(text));
});

test('every reference leads somewhere', () => {
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(references.length).toBe(text.split('"$ref"').length - 1);
  for (const [, name = ''] of references) expect(api.components.schemas).toHaveProperty(name);
});

test('the shapes have the names of the contract', () => {
  const names = ['Account', 'User', 'UserProfile', 'UserList', 'UserProfileList', 'Problem', 'Fault'];
  expect(Object.keys(api.components.schemas)).toEqual(expect.arrayContaining(names));
});

test('the ten documented functions are named, each once for every route that answers it', () => {
  const named = [...text.matchAll(/Implements `(\w+)`/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(
    new Set([
      'account_number_from_url',
      'get_cached_account_for_user',
      'get_cached_admin_user_for_account',
      'get_cached_default_account',
      'get_cached_smarter_admin_user_profile',
      'get_cached_user_for_user_id',
      'get_cached_user_for_username',
      'get_user_profiles_for_account',
      'get_users_for_account',
      'valid_resource_owners_for_user',
    ]),
  );
  expect(named).toHaveLength(11);
});

test('no path is documented that is not registered', () => {
  const registered = routes.map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
  expect(new Set(Object.keys(api.paths))).toEqual(new Set(registered));
});

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  const { method, path, spec } = route;

  test('documents exactly its parameters', () => {
    const { parameters = [] } = operationOf(method, path);
    const named = (place: string) => parameters.filter((one) => one.in === place).map(({ name }) => name);
    expect(named('path')).toEqual(parametersOf(route).path);
    expect(named('query')).toEqual(parametersOf(route).query);
    for (const parameter of parameters.filter((one) => one.in === 'path'))
      expect(parameter.required).toBe(true);
    for (const parameter of parameters) expect(parameter.description).toBeDefined();
  });

  test('says whether it needs a key', () => {
    const { security, responses } = operationOf(method, path);
    expect(security).toEqual(spec.scope === 'open' ? [] : [{ key: [] }]);
    expect('401' in responses).toBe(spec.scope !== 'open');
  });

  test('documents its success and its failures', () => {
    const { responses } = operationOf(method, path);
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining([spec.creates === 'always' ? '201' : '200', '400', '500']),
    );
    for (const [status, { content = {} }] of Object.entries(responses)) {
      if (Number(status) >= 400 && !(path === '/readyz' && status === '503')) {
        expect(Object.keys(content)).toEqual(['application/problem+json']);
      }
    }
  });

  test('answers what it documents, and no header short', async () => {
    await expectDocumented(method, path, await askRoute(stack.current, route));
  });

  test('refuses as it documents', async () => {
    const refused = `${route.path.replaceAll(/:(\w+)/g, 'x')}?a=1&a=2`;
    await expectDocumented(method, path, await askRoute(stack.current, route, refused));
    if (spec.scope !== 'open')
      await expectDocumented(method, path, await send(stack.current, pathOf(route), initOf(route)));
  });

  test('fails as it documents', async () => {
    const response = await whileAway(stack.current, ['redis', 'postgres'], async () => {
      // Of its own, whose breaker no other test finds open.
      return askRoute(newIsolate(stack.current), route, pathOf(route), { 'Cache-Control': 'no-cache' });
    });
    await expectDocumented(method, path, response);
  });
});

test.each([
  ['/v1/users/:userId', '/v1/users/999'],
  ['/v1/users/:userId/account', '/v1/users/5/account'],
  ['/v1/users/by-username/:username', '/v1/users/by-username/notfound'],
  ['/v1/accounts/:accountNumber', '/v1/accounts/0000-0000-0000'],
  ['/v1/accounts/:accountNumber/users', '/v1/accounts/0000-0000-0000/users'],
  ['/v1/accounts/:accountNumber/users', '/v1/accounts/1234-5678-9012/users?limit=1'],
  ['/v1/accounts/:accountNumber/user-profiles', '/v1/accounts/2718-2818-2845/user-profiles'],
  ['/v1/accounts/:accountNumber/admin-user', '/v1/accounts/2718-2818-2845/admin-user'],
  ['/v1/user-profiles/:userProfileId', '/v1/user-profiles/999'],
  ['/v1/user-profiles/:userProfileId/valid-resource-owners', '/v1/user-profiles/999/valid-resource-owners'],
  ['/v1/context', 'http://hr.1618-0339-8874.api.localhost:8787/v1/context'],
  ['/v1/account-number', '/v1/account-number?url='],
  ['/v1/account-number', '/v1/account-number'],
])('%s answers %s as documented', async (route, path) => {
  await expectDocumented('GET', route, await get(stack.current, path));
});

test('a creation is answered as documented', async () => {
  const response = await get(stack.current, '/v1/accounts/2718-2818-2845/admin-user', {}, 'PUT');
  expect(response.status).toBe(201);
  await expectDocumented('PUT', '/v1/accounts/:accountNumber/admin-user', response);
});

test('a validator made from the document refuses what is not documented', () => {
  const user = validatorOf(api, { $ref: '#/components/schemas/User' });
  expect(user.safeParse({}).success).toBe(false);
  expect(user.safeParse({ id: 'three' }).success).toBe(false);
});

async function expectDocumented(method: string, path: string, response: Response): Promise<void> {
  expect(await findFault(api, operationOf(method, path), response)).toBeNull();
}

import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ProblemCode, problems } from '../../../src/http/response/problem.ts';
import { jsonOf } from '../../support/http/changes.ts';
import { get, newIsolate, send, useStack, whileAway } from '../../support/stack.ts';
import {
  type Document,
  findFault,
  Operation,
  readDocument,
  validatorOf,
} from '../../support/http/document.ts';
import {
  askRoute,
  initOf,
  nameOf,
  parametersOf,
  pathOf,
  routes,
  useGoodRows,
} from '../../support/http/routes.ts';

/** A document of that size loads at once and is read whole by tools and by models. */
const MAX_BYTES_PER_OPERATION = 3_000;

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
  api = readDocument(text);
});

test('every reference leads somewhere', () => {
  const { components }: { components: Record<string, object> } = JSON.parse(text);
  const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  expect(references.length).toBe(text.split('"$ref"').length - 1);
  for (const [, kind = '', name = ''] of references) expect(components[kind]).toHaveProperty([name]);
});

test('every component has a name that a person chose', () => {
  const { components }: { components: Record<string, object> } = JSON.parse(text);
  const names = Object.values(components).flatMap((ofKind) => Object.keys(ofKind));
  expect(names.filter((name) => /^__|Output$|\d$/.test(name))).toEqual([]);
});

test('every operation has a name of its own', () => {
  const names = routes.map(({ method, path }) => operationOf(method, path).operationId);
  expect(new Set(names).size).toBe(routes.length);
});

test('every tag is described, and none besides', () => {
  const used = routes.flatMap(({ method, path }) => operationOf(method, path).tags);
  expect(new Set(api.tags.map(({ name }) => name))).toEqual(new Set(used));
});

test(`the document has at most ${MAX_BYTES_PER_OPERATION} bytes for each operation`, () => {
  expect(new TextEncoder().encode(text).length / routes.length).toBeLessThanOrEqual(MAX_BYTES_PER_OPERATION);
  for (const item of Object.values<object>(JSON.parse(text).paths)) {
    for (const operation of Object.values(item)) {
      expect(JSON.stringify(operation).length).toBeLessThanOrEqual(MAX_BYTES_PER_OPERATION);
    }
  }
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
    for (const [status, { content = {} }] of problemsOf(responses)) {
      expect(Object.keys(content), status).toEqual(['application/problem+json']);
    }
  });

  test('allows each problem only codes of its status', () => {
    const documented = problemsOf(operationOf(method, path).responses).flatMap(
      ([status, { content = {} }]) => {
        const { allOf } = ProblemSchema.parse(content['application/problem+json']?.schema);
        const codes = allOf[1].properties.code.enum;
        for (const code of codes) expect([code, problems[code].status]).toEqual([code, Number(status)]);
        return codes;
      },
    );
    expect(documented).toEqual(expect.arrayContaining([...(spec.errors ?? []), 'bad_request']));
    expect(documented.includes('unauthorized')).toBe(spec.scope !== 'open');
    expect(documented.includes('precondition_failed')).toBe(spec.precondition !== undefined);
    expect(new Set(documented).size).toBe(documented.length);
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

test('a problem of another route is not documented', async () => {
  const problem = { type: '', title: '', status: 404, detail: '', code: 'no_platform_admin', requestId: '' };
  const response = new Response(JSON.stringify(problem), {
    status: 404,
    headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': '' },
  });
  const fault = await findFault(api, operationOf('GET', '/v1/users/:userId'), response);
  expect(fault).toMatch(/^not as documented/);
});

test('a validator made from the document refuses what is not documented', () => {
  const user = validatorOf(api, { $ref: '#/components/schemas/User' });
  expect(user.safeParse({}).success).toBe(false);
  expect(user.safeParse({ id: 'three' }).success).toBe(false);
});

test('a client takes an answer with a field that it does not know, and this service documents each that it answers', async () => {
  const shown = await jsonOf(await get(stack.current, '/v1/users/3'));
  const newer = { ...shown, fieldOfALaterVersion: 1 };
  const user = validatorOf(api, { $ref: '#/components/schemas/User' });
  expect(user.safeParse(newer).success).toBe(true);
  const headers = { 'Content-Type': 'application/json', 'X-Request-Id': '', ETag: '', 'Cache-Status': '' };
  const operation = operationOf('GET', '/v1/users/:userId');
  expect(await findFault(api, operation, Response.json(newer, { headers }))).toMatch(/fieldOfALaterVersion/);
});

const ProblemSchema = z.object({
  allOf: z.tuple([
    z.object({ $ref: z.literal('#/components/schemas/Problem') }),
    z.object({ properties: z.object({ code: z.object({ enum: z.array(ProblemCode).min(1) }) }) }),
  ]),
});

function problemsOf(responses: Operation['responses']) {
  return Object.entries(responses).filter(
    ([status, { content = {} }]) => Number(status) >= 400 && !('application/json' in content),
  );
}

async function expectDocumented(method: string, path: string, response: Response): Promise<void> {
  expect(await findFault(api, operationOf(method, path), response)).toBeNull();
}

import { beforeAll } from 'vitest';
import { KEY, send, sql, type TestStack } from '../stack.ts';
import type { EntityLookUp } from '../../../src/directory/batch/entity-look-ups.ts';
import { app } from '../../../src/http/app.ts';
import { type Route, routesOf } from '../../../src/http/endpoint/registry.ts';

export const routes: readonly Route[] = routesOf(app);

/** A good value of every parameter. */
export const goodValues: Readonly<Record<string, string>> = {
  accountNumber: '1234-5678-9012',
  action: 'update',
  actor: 'root',
  after: 'latest',
  companyNamePrefix: 'S',
  createdBy: 'root',
  cursor: 'YWZ0ZXI6MQ',
  deletionId: '900001',
  dryRun: 'true',
  externalId: 'good/id',
  force: 'false',
  keyId: '900001',
  kinds: 'account,user',
  email: 'johndoe@example.com',
  emailPrefix: 'johndoe@',
  entity: 'account',
  entityId: '2',
  explain: 'true',
  isActive: 'true',
  kind: 'user',
  limit: '20',
  minutes: '60',
  path: '/v1/users/3',
  q: 'john',
  requestId: 'ffffffff-ffff-4fff-bfff-ffffffffffff',
  since: '2026-01-01T00:00:00Z',
  until: '9999-12-31T23:59:59.999999+01:00',
  url: 'https://hr.1234-5678-9012.api.example.com/',
  user: 'johndoe',
  userId: '3',
  userProfileId: '3',
  username: 'johndoe',
  wait: '0',
  usernamePrefix: 'jo',
  withDescendants: 'true',
};

/** Of routes where others are good, or none is beside the rest, or that spoil theirs for the others. */
const goodValuesOf: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  'DELETE /v1/keys/:keyId': { keyId: '900002' },
  'GET /v1/resolve': { user: null },
  'GET /v1/changes': { after: null },
  'GET /v1/search': { limit: '20' },
  'GET /v1/users': { email: null, emailPrefix: null },
};

/** Parameters of which a request has one at most; without a choice the first. */
export const ALTERNATIVES: Readonly<Record<string, readonly string[]>> = {
  'GET /v1/resolve': ['url', 'user'],
};

/** The value of a parameter that the request goes without. */
export const LEFT_OUT = '(left out)';

function value(route: Route, name: string, values: Readonly<Record<string, string>>): string | null {
  // Good is what the stack itself has made.
  const own = name === 'cursor' ? null : goodValuesOf[nameOf(route)]?.[name];
  const found = values[name] ?? (own === undefined ? goodValues[name] : own);
  if (found === LEFT_OUT) return null;
  if (found === undefined) throw new Error(`the tests know no value of ${name}`);
  return found;
}

/** The names of a route's path and query parameters. */
export function parametersOf({ spec }: Route): { path: string[]; query: string[] } {
  return { path: Object.keys(spec.path?.shape ?? {}), query: Object.keys(spec.query?.shape ?? {}) };
}

/** A path that the route answers, with some parameters replaced; they are encoded unless they are `raw`. */
export function pathOf(route: Route, values: Readonly<Record<string, string>> = {}, raw = false): string {
  const encode = raw ? String : encodeURIComponent;
  const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) =>
    encode(value(route, name, values) ?? ''),
  );
  const query = parametersOf(route).query.flatMap((name) => {
    const given = value(route, name, values);
    return given === null ? [] : [`${name}=${encode(given)}`];
  });
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/** Makes, before the tests of a file, what the good values name and the seed has not. */
export function useGoodRows(stack: { readonly current: TestStack }): void {
  beforeAll(async () => {
    await sql(
      stack.current,
      `insert into api_keys (id, name, scopes, sha256)
       select id, 'Of the tests', '{directory:read}', repeat('0', 64) from (values (900001), (900002)) as good (id)`,
    );
    for (const [table, id] of [
      ['accounts', 2],
      ['users', 3],
    ])
      await sql(stack.current, `update ${table} set external_id = 'good/id' where id = ${id}`);
    await sql(
      stack.current,
      `insert into deletions (id, xact_id, actor, request_id, entity, entity_id) values (900001, '1', 'root', '', 'user', 900001)`,
    );
  });
}

function makeUser(): object {
  const username = `user-${crypto.randomUUID()}`;
  return { username, email: 'made-by-a-test@example.com', accountNumber: '1234-5678-9012' };
}

/** Who of the seed is a member of neither account, and makes it none with an admin. */
const newcomers = ['2718-2818-2845', '1618-0339-8874'].flatMap((accountNumber) =>
  [5, 3, 6].map((userId) => ({ userId, accountNumber })),
);
let newcomersTaken = 0;
const takeNewcomer = (): object => newcomers[newcomersTaken++ % newcomers.length] ?? {};

/** A look-up of every kind that can be asked for with others, each with an answer in the seed. */
export const goodLookUps: { readonly [K in EntityLookUp['lookUp']]: Extract<EntityLookUp, { lookUp: K }> } = {
  user: { lookUp: 'user', userId: 3 },
  userByUsername: { lookUp: 'userByUsername', username: 'johndoe' },
  userByExternalId: { lookUp: 'userByExternalId', externalId: 'good/id' },
  accountByExternalId: { lookUp: 'accountByExternalId', externalId: 'good/id' },
  account: { lookUp: 'account', accountNumber: '1234-5678-9012' },
  defaultAccount: { lookUp: 'defaultAccount' },
  accountForUser: { lookUp: 'accountForUser', userId: 3 },
  userProfile: { lookUp: 'userProfile', userProfileId: 3 },
  platformAdminProfile: { lookUp: 'platformAdminProfile' },
  adminUser: { lookUp: 'adminUser', accountNumber: '1234-5678-9012' },
};

/** A good body of every route that takes one; where names must be free, another one each time. */
const goodBodies: Readonly<Record<string, () => object>> = {
  'POST /v1/accounts': () => ({ companyName: 'Made by a test' }),
  'POST /v1/lookup': () => ({ lookUps: Object.values(goodLookUps) }),
  'PUT /v1/accounts/default': () => ({ accountNumber: '3141-5926-5359' }),
  'PATCH /v1/accounts/:accountNumber': () => ({ city: 'Sample' }),
  'POST /v1/keys': () => ({ name: 'Made by a test', scopes: ['directory:read'] }),
  'PATCH /v1/keys/:keyId': () => ({ name: 'Changed by a test' }),
  'POST /v1/keys/:keyId/rotate': () => ({ gracePeriodSeconds: 60 }),
  'POST /v1/users': makeUser,
  'POST /v1/users/batch': () => ({ users: [makeUser()] }),
  'PATCH /v1/users/:userId': () => ({ firstName: 'Sample' }),
  'POST /v1/user-profiles': takeNewcomer,
  'PATCH /v1/user-profiles/:userProfileId': () => ({ name: 'Sample' }),
};

/** A good body of the route; throws where the tests know none. */
export function goodBodyOf(route: Route): object {
  const body = goodBodies[nameOf(route)]?.();
  if (!body) throw new Error(`the tests know no body of ${nameOf(route)}`);
  return body;
}

/** A request that the route answers, but for what the headers spoil; without a key unless they bring one. */
export function initOf(route: Route, headers: Record<string, string> = {}): RequestInit {
  const { method, spec } = route;
  const condition = spec.precondition ? { 'If-Match': '*' } : {};
  if (!spec.json) return { method, headers: { ...condition, ...headers } };
  const body = goodBodyOf(route);
  const type = { 'Content-Type': 'application/json' };
  return { method, body: JSON.stringify(body), headers: { ...type, ...condition, ...headers } };
}

/** Asks the route, with the root key. */
export function askRoute(
  stack: TestStack,
  route: Route,
  path = pathOf(route),
  headers: Record<string, string> = {},
): Promise<Response> {
  return send(stack, path, initOf(route, { Authorization: `Bearer ${KEY}`, ...headers }));
}

/** Names a route in a test. */
export function nameOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Scope, SCOPES } from '../../../src/directory/caller.ts';
import type { Subject } from '../../../src/directory/subject.ts';
import type { Route } from '../../../src/http/endpoint/registry.ts';
import {
  type Counts,
  countRequests,
  drainNow,
  emptyRedis,
  get,
  KEY,
  newIsolate,
  send,
  sql,
  type TestStack,
  useStack,
} from '../../support/stack.ts';
import { sampled } from '../../support/scale.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { postLookUps, resultsOf, ROUTE_OF_KIND } from '../../support/http/look-up-requests.ts';
import {
  ALTERNATIVES,
  goodLookUps,
  initOf,
  LEFT_OUT,
  nameOf,
  parametersOf,
  pathOf,
  routes,
} from '../../support/http/routes.ts';
import {
  issueTo,
  makeTenants,
  readRows,
  type SubjectName,
  type Subjects,
  type Tenant,
  type Tenants,
} from '../../support/http/tenants.ts';

const stack = useStack();
const NOT_FOR_TENANTS = 'this is not for callers that are bound to an account';
const SUBJECT_NAMES: readonly string[] = [
  'accountNumber',
  'deletionId',
  'externalId',
  'keyId',
  'url',
  'user',
  'userId',
  'userProfileId',
  'username',
] satisfies SubjectName[];
/** Parameters that say how something is answered, and not what it is about. */
const NEUTRAL = new Set([
  'action',
  'actor',
  'after',
  'createdBy',
  'cursor',
  'dryRun',
  'entity',
  'entityId',
  'force',
  'kind',
  'kinds',
  'limit',
  'minutes',
  'q',
  'requestId',
  'since',
  'until',
  'wait',
  'withDescendants',
]);
/** Kinds of subjects of which the statements themselves show a caller none but its own. */
const isToldBySql = new Set<Subject['kind']>(['audit', 'changes', 'deletions', 'keys', 'search']);
const GIVEN = new Set(['externalId', 'username']);
/** Routes that everybody may ask: to open another one is to say so here. */
const OPEN = ['GET /docs', 'GET /healthz', 'GET /openapi.json', 'GET /readyz', 'GET /v1/account-number'];

/** Every kind of subject that no parameter names: how it becomes the tenant's, and how it becomes absent. */
const states: Partial<
  Record<
    Subject['kind'],
    { give(on: TestStack, to: Tenant): Promise<TestStack>; remove(on: TestStack): Promise<TestStack> }
  >
> = {
  'default-account': {
    async give(on, { subjects }) {
      await sql(on, 'update accounts set is_default_account = false where is_default_account');
      const isIt = `account_number = '${subjects.accountNumber}'`;
      await sql(on, `update accounts set is_default_account = true where ${isIt}`);
      return on;
    },
    async remove(on) {
      await sql(on, 'update accounts set is_default_account = false where is_default_account');
      return on;
    },
  },
  'platform-admin': {
    async give(on, { subjects }) {
      await sql(on, `update users set is_superuser = true where id = ${subjects.userId}`);
      return { ...on, env: { ...on.env, PLATFORM_ACCOUNT_NUMBER: subjects.accountNumber } };
    },
    async remove(on) {
      await sql(on, 'update users set is_superuser = false where is_superuser');
      return on;
    },
  },
};

const closed = routes.filter(({ spec }) => spec.scope !== 'open');
const named = (some: readonly Route[]) => some.map((route) => ({ route, name: nameOf(route) }));

/** The subject of a request without any parameter, and with a good body where the route takes one. */
function kindOf(route: Route): Subject['kind'] | undefined {
  const { body } = initOf(route);
  const json: unknown = typeof body === 'string' ? JSON.parse(body) : {};
  return route.spec.subject?.({ param: {}, query: {}, json, url: '', env: {}, accountNumber: null })?.kind;
}

/** A route that changes nothing, whatever its method. */
const isRead = ({ spec }: Route): boolean => spec.scope === 'directory:read';

/** The fields of the body that say what the request is about. Of a change a name there is one to be given, unique for all. */
function bodySubjectsOf(route: Route): string[] {
  const { spec } = route;
  if (!spec.json) return [];
  const schema = JSON.stringify(z.toJSONSchema(spec.json, { io: 'input', unrepresentable: 'any' }));
  const names = SUBJECT_NAMES.filter((name) => schema.includes(`"${name}":`));
  return isRead(route) ? names : names.filter((name) => !GIVEN.has(name));
}

function subjectNamesOf(route: Route): string[] {
  const { path, query } = parametersOf(route);
  return SUBJECT_NAMES.filter((name) => [...path, ...query, ...bodySubjectsOf(route)].includes(name));
}

type Values = Readonly<Record<string, string>>;

const fieldOf = (subjects: Values, name: string) =>
  name.endsWith('Id') && name !== 'externalId' ? Number(subjects[name]) : subjects[name];

/** Puts what the request is about into the fields that its body has. */
function fillFields(value: unknown, subjects: Values, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => fillFields(one, subjects, names));
  if (typeof value !== 'object' || value === null) return value;
  const fill = ([name, old]: [string, unknown]) => [
    name,
    names.includes(name) ? fieldOf(subjects, name) : fillFields(old, subjects, names),
  ];
  return Object.fromEntries(Object.entries(value).map(fill));
}

/** Puts what the request is about into its body: where the field is, else at the top. */
function fillBody(body: unknown, subjects: Values, names: readonly string[]): unknown {
  const rest = names.filter((name) => !JSON.stringify(body).includes(`"${name}":`));
  return {
    ...(fillFields(body, subjects, names) as object),
    ...Object.fromEntries(rest.map((name) => [name, fieldOf(subjects, name)])),
  };
}

/** Leaves out all but one of the parameters of which a request has exactly one. */
function leaveOut(route: Route, chosen: readonly string[]): Values {
  const names = ALTERNATIVES[nameOf(route)] ?? [];
  const kept = names.find((name) => chosen.includes(name)) ?? names[0];
  return Object.fromEntries(names.filter((name) => name !== kept).map((name) => [name, LEFT_OUT]));
}

interface Asked {
  readonly route: Route;
  /** The parameters that the request is about, where it can have only one of several. */
  readonly chosen?: readonly string[];
  readonly subjects: Subjects;
  readonly key: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the good body. */
  readonly body?: object;
}

/** Asks a route about the subjects, also by the host that the request is sent to. */
function ask(
  on: TestStack,
  { route, chosen = [], subjects, key, values, headers, body: given }: Asked,
): Promise<Response> {
  const path = pathOf(route, { ...subjects, ...values, ...leaveOut(route, chosen) });
  const init = initOf(route, { Authorization: `Bearer ${key}`, ...headers });
  const names = bodySubjectsOf(route);
  const good: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
  const filled = given ? fillFields(given, subjects, names) : good && fillBody(good, subjects, names);
  const body = filled === undefined ? {} : { body: JSON.stringify(filled) };
  const url = `http://hr.${subjects.accountNumber}.api.localhost:8787${path}`;
  return send(on, url, { ...init, ...body });
}

/** An answer as another tenant sees it, without what differs between any two. */
async function describeAnswer(response: Response, asked: Subjects): Promise<unknown> {
  const hide = (text: string) =>
    Object.entries(asked).reduce((hidden, [name, value]) => hidden.replaceAll(value, `<${name}>`), text);
  const requestId = response.headers.get('X-Request-Id') ?? '';
  const differing = new Set(['date', 'server-timing', 'x-request-id']);
  return {
    status: response.status,
    headers: [...response.headers]
      .filter(([name]) => !differing.has(name))
      .map(([name, text]) => [name, hide(text)]),
    body: hide((await response.text()).replaceAll(requestId, '<requestId>')),
  };
}

interface Observed {
  readonly answers: readonly unknown[];
  readonly counts: readonly Counts[];
}

/**
 * What a tenant can see of two requests to an isolate and a Redis that know nothing, or only what whoever may see
 * everything has just read there: the answers, and what they cost.
 */
async function observe(on: TestStack, asked: Asked, isReadBefore = false): Promise<Observed> {
  await drainNow(on);
  await emptyRedis(on);
  const isolate = newIsolate(on);
  if (isReadBefore) await ask(isolate, { ...asked, key: KEY });
  const answers: unknown[] = [];
  const counts: Counts[] = [];
  for (let time = 0; time < 2; time++) {
    const act = async () => answers.push(await describeAnswer(await ask(isolate, asked), asked.subjects));
    counts.push(await countRequests(on, act));
  }
  return { answers, counts };
}

async function isClosedToTenants(response: Response): Promise<boolean> {
  const text = await response.clone().text();
  return response.status === 403 && text.includes(NOT_FOR_TENANTS);
}

// The first use of each script costs a request more, for Redis does not know it yet.
beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});

test('every route says who may ask it, and every one that is not open what it is about', () => {
  const scopes = new Set<string>([...SCOPES, 'open']);
  const undeclared = routes.filter(
    ({ spec }) => !scopes.has(spec.scope) || (spec.scope !== 'open' && !spec.subject),
  );
  expect(undeclared.map(nameOf)).toEqual([]);
  expect(
    routes
      .filter(({ spec }) => spec.scope === 'open')
      .map(nameOf)
      .toSorted(),
  ).toEqual(OPEN);
});

describe.each(sampled(named(closed)))('$name', ({ route }) => {
  let tenants: Tenants;
  let key = '';
  beforeEach(async () => {
    tenants = await makeTenants(stack.current);
    key = await issueTo(stack.current, tenants.a);
  });

  const dryRuns = parametersOf(route).query.includes('dryRun') ? ['true', 'false'] : ['true'];
  const subjectNames = subjectNamesOf(route);
  // One at a time beside what is the tenant's own, and all at once; the host is asked by every request.
  const isOneAtATime = ALTERNATIVES[nameOf(route)] !== undefined;
  const choices = [...subjectNames.map((name) => [name]), ...(isOneAtATime ? [] : [subjectNames])].filter(
    (names, index, all) => index === all.findIndex((other) => other.join() === names.join()),
  );
  const cases = dryRuns.flatMap((dryRun) => choices.map((names) => ({ dryRun, names })));

  test('is about what this test knows, unless it is not for tenants', async () => {
    const response = await ask(stack.current, { route, subjects: tenants.a.subjects, key });
    if (await isClosedToTenants(response)) return;
    const { path, query } = parametersOf(route);
    const known = (name: string) => SUBJECT_NAMES.includes(name) || NEUTRAL.has(name);
    expect([...path, ...query].filter((name) => !known(name))).toEqual([]);
    const kind = kindOf(route);
    const isCovered = subjectNames.length > 0 || kind === undefined || isToldBySql.has(kind);
    expect(isCovered || states[kind] !== undefined, `no test makes a ${kind} absent`).toBe(true);
  });

  test.each(sampled(cases, 1))(
    'answers for another tenant’s $names as for one that is not there, at the same cost (dryRun=$dryRun)',
    async ({ names, dryRun }) => {
      const { a, b, absent } = tenants;
      const pick = (from: Subjects): Subjects => ({
        ...a.subjects,
        ...Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name))),
        // What no parameter names is asked for by the host, and a URL names it so.
        ...((names.length === 0 || names.includes('url')) && { accountNumber: from.accountNumber }),
      });
      const before = await readRows(stack.current, b);
      const asked = { route, key, chosen: names, values: { dryRun, limit: '50' } };
      const ofB = await observe(stack.current, { ...asked, subjects: pick(b.subjects) });
      const ofNobody = await observe(stack.current, { ...asked, subjects: pick(absent) });
      expect(ofB).toEqual(ofNobody);
      // Nor may it show that somebody who sees it has just read it.
      if (route.method === 'GET' && names.length > 0)
        expect(await observe(stack.current, { ...asked, subjects: pick(b.subjects) }, true)).toEqual(
          ofNobody,
        );
      expect(await readRows(stack.current, b)).toEqual(before);
      // A request that is wrong in itself would show nothing.
      expect(ofB.answers[0]).not.toMatchObject({
        status: expect.toBeOneOf([400, 401, 412, 415, 428]) as unknown,
      });
    },
  );

  test('shows a tenant its own, and nothing of another’s', async () => {
    const { a, b } = tenants;
    const kind = kindOf(route);
    const given = kind && states[kind] ? await states[kind].give(stack.current, a) : stack.current;
    await drainNow(stack.current);
    const asked = { route, subjects: a.subjects, key, values: { limit: '50' } };
    const response = await ask(newIsolate(given), asked);
    const text = await response.clone().text();
    for (const mark of b.marks) expect(text).not.toContain(mark);
    if (await isClosedToTenants(response)) return;
    expect({ status: response.status, text }).toEqual({ status: expect.toBeOneOf([200, 201, 409]), text });
  });

  test('asks for its scope before it looks at anything', async () => {
    const others = SCOPES.filter((scope) => scope !== route.spec.scope);
    const asked = {
      route,
      subjects: tenants.a.subjects,
      key: await issueTo(stack.current, tenants.a, others),
    };
    const isolate = newIsolate(stack.current);
    const { detail } = await expectProblem(await ask(isolate, asked), 'forbidden');
    expect(detail).toContain(route.spec.scope);
    expect(await countRequests(stack.current, () => ask(isolate, asked))).toEqual({ redis: 0, postgres: 0 });
  });

  if (route.spec.lookUp ?? route.spec.demands) {
    test('reads past memory, and not past Redis, for no-cache without cache:invalidate', async () => {
      const others = SCOPES.filter((scope) => scope !== 'cache:invalidate');
      const lacking = await issueTo(stack.current, tenants.a, others);
      const asked = { route, subjects: tenants.a.subjects, key: lacking };
      const isolate = newIsolate(stack.current);
      const told = async (control: string) => {
        const response = await ask(isolate, { ...asked, headers: { 'Cache-Control': control } });
        return [response.status, response.headers.get('Cache-Status')?.replaceAll(/ttl=\d+/g, 'ttl')];
      };
      await told('max-age=0');
      const expected = await told('max-age=0');
      expect(await told('no-cache')).toEqual(expected);
    });
  }

  if (route.method !== 'GET' && !isRead(route)) {
    test('changes nothing for a key that may only read', async () => {
      const reading: Scope[] = ['directory:read', 'audit:read', 'cache:invalidate'];
      const readOnly = await issueTo(stack.current, tenants.a, reading);
      const before = await readRows(stack.current, tenants.a);
      const asked = { route, subjects: tenants.a.subjects, key: readOnly, values: { dryRun: 'false' } };
      await expectProblem(await ask(stack.current, asked), 'forbidden');
      expect(await readRows(stack.current, tenants.a)).toEqual(before);
    });
  }
});

describe.each(named(closed).filter(({ route }) => states[kindOf(route) ?? 'everything']))(
  '$name',
  ({ route }) => {
    test('answers another tenant’s as if there were none, at the same cost', async () => {
      const state = states[kindOf(route) ?? 'everything'];
      if (!state) throw new Error('only such routes are tested here');
      const { a, b } = await makeTenants(stack.current);
      const asked = { route, subjects: a.subjects, key: await issueTo(stack.current, a) };
      const ofB = await observe(await state.give(stack.current, b), asked);
      const ofNobody = await observe(await state.remove(stack.current), asked);
      expect(ofB).toEqual(ofNobody);
      expect(ofB.answers[0]).toMatchObject({ status: 404 });
    });
  },
);

test('the account of a user of two tenants is shown to that one alone whose it is', async () => {
  const { a, b, absent } = await makeTenants(stack.current);
  const { userId } = b.subjects;
  await sql(
    stack.current,
    `insert into user_profiles (id, user_id, account_id)
     select ${userId}99, ${userId}, id from accounts where account_number = $1`,
    a.subjects.accountNumber,
  );
  const route = routes.find((one) => nameOf(one) === 'GET /v1/users/:userId/account');
  const user = routes.find((one) => nameOf(one) === 'GET /v1/users/:userId');
  if (!route || !user) throw new Error('the routes have other names');
  const [keyOfA, keyOfB] = [await issueTo(stack.current, a), await issueTo(stack.current, b)];
  const subjects = { ...a.subjects, userId };
  expect((await ask(stack.current, { route: user, subjects, key: keyOfA })).status).toBe(200);
  expect((await ask(stack.current, { route, subjects, key: keyOfB })).status).toBe(200);
  const hidden = await observe(stack.current, { route, subjects, key: keyOfA });
  const nobody = { ...a.subjects, userId: absent.userId };
  const missing = await observe(stack.current, { route, subjects: nobody, key: keyOfA });
  expect(hidden.answers).toEqual(missing.answers);
});

const routeNamed = (name: string): Route => {
  const route = routes.find((one) => nameOf(one) === name);
  if (!route) throw new Error(`there is no ${name}`);
  return route;
};

/** An answer of a route for one thing, in the form that a batch gives it. */
async function asResult(response: Response): Promise<object> {
  const body = await response.json<Record<string, unknown>>();
  const { status, headers } = response;
  if (status === 200) return { status, value: body, etag: headers.get('ETag') };
  const { requestId: _named, ...problem } = body;
  return { status, problem };
}

describe.each(sampled(Object.values(goodLookUps).map((lookUp) => ({ lookUp, kind: lookUp.lookUp }))))(
  'POST /v1/lookup for $kind',
  ({ lookUp, kind }) => {
    const batch = routeNamed('POST /v1/lookup');
    const single = routeNamed(ROUTE_OF_KIND[kind]);
    const subjectKind = kindOf(single);
    const body = { lookUps: [lookUp] };

    /** The answers of the batch and of the route for this one, each of an isolate that knows nothing, and what they cost. */
    async function compare(on: TestStack, key: string, subjects: Subjects): Promise<object> {
      const observeOne = async (route: Route, toResult: (response: Response) => Promise<unknown>) => {
        await drainNow(on);
        await emptyRedis(on);
        const isolate = newIsolate(on);
        const asked = { route, subjects, key, ...(route === batch && { body }) };
        let result: unknown;
        const counts = await countRequests(on, async () => {
          result = await toResult(await ask(isolate, asked));
        });
        return { result, counts };
      };
      const ofBatch = await observeOne(batch, async (response) => {
        const [result] = await resultsOf(response);
        const { cacheStatus: _status, ...rest } = result ?? {};
        return rest;
      });
      expect(ofBatch).toEqual(await observeOne(single, asResult));
      return ofBatch.result as object;
    }

    test('answers a tenant as the route for one does, its own, another’s and what is not there', async () => {
      const { a, b, absent } = await makeTenants(stack.current);
      const key = await issueTo(stack.current, a);
      const state = states[subjectKind ?? 'everything'];
      const on = state ? await state.give(stack.current, a) : stack.current;
      expect(await compare(on, key, a.subjects)).toMatchObject({ status: 200 });
      if (state) {
        const hidden = await compare(await state.give(stack.current, b), key, a.subjects);
        expect(hidden).toMatchObject({ status: 404 });
        expect(hidden).toEqual(await compare(await state.remove(stack.current), key, a.subjects));
      } else {
        const hidden = await compare(stack.current, key, b.subjects);
        expect(hidden).toMatchObject({ status: 404 });
        expect(hidden).toEqual(await compare(stack.current, key, absent));
      }
    });

    const demands = [
      { 'Cache-Control': 'max-age=3600' },
      { 'Cache-Control': 'max-age=0' },
      { 'Cache-Control': 'no-cache' },
    ];
    test.each(sampled(demands, 1))(
      'tells by nothing that another tenant’s is there, nor that somebody has just read it: %j',
      async (headers) => {
        const { a, b, absent } = await makeTenants(stack.current);
        const key = await issueTo(stack.current, a);
        const state = states[subjectKind ?? 'everything'];
        const asked = { route: batch, key, body, headers };
        const there = state ? await state.give(stack.current, b) : stack.current;
        const subjects = state ? a.subjects : b.subjects;
        const ofB = await observe(there, { ...asked, subjects });
        const readBefore = await observe(there, { ...asked, subjects }, true);
        if (!state) expect(readBefore).toEqual(ofB);
        const nowhere = state ? await state.remove(stack.current) : stack.current;
        const missing = { ...asked, subjects: state ? a.subjects : absent };
        expect(ofB).toEqual(await observe(nowhere, missing));
        if (state) expect(readBefore).toEqual(await observe(nowhere, missing, true));
      },
    );
  },
);

test('a batch of what is another tenant’s and what is not there asks the stores as often as one of either', async () => {
  const { a, b, absent } = await makeTenants(stack.current);
  const key = await issueTo(stack.current, a);
  const lookUpsOf = ({ userId, userProfileId, username, accountNumber, externalId }: Subjects) => [
    { lookUp: 'user', userId: Number(userId) },
    { lookUp: 'accountForUser', userId: Number(userId) },
    { lookUp: 'userProfile', userProfileId: Number(userProfileId) },
    { lookUp: 'userByUsername', username },
    { lookUp: 'userByExternalId', externalId },
    { lookUp: 'accountByExternalId', externalId },
    { lookUp: 'account', accountNumber },
  ];
  const observeAll = async (...all: Subjects[]) => {
    await drainNow(stack.current);
    await emptyRedis(stack.current);
    const isolate = newIsolate(stack.current);
    let statuses: number[] = [];
    const counts = await countRequests(stack.current, async () => {
      const headers = { Authorization: `Bearer ${key}` };
      const response = await postLookUps(isolate, all.flatMap(lookUpsOf), headers);
      statuses = (await resultsOf(response)).map(({ status }) => status);
    });
    expect(new Set(statuses)).toEqual(new Set([404]));
    return counts;
  };
  const ofB = await observeAll(b.subjects);
  expect(await observeAll(absent)).toEqual(ofB);
  expect(await observeAll(b.subjects, absent)).toEqual(ofB);
});

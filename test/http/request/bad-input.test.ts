import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { get, send, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import {
  askRoute,
  goodValues,
  initOf,
  nameOf,
  parametersOf,
  pathOf,
  routes,
  useGoodRows,
} from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
const LONG = 'x'.repeat(10_000);
const AUTHORIZATION = { Authorization: 'Bearer ea_local_root' };

const notIds = ['0', '-1', '+1', '1.5', '1e3', 'NaN', 'null', 'true', ' 1', '01', '0x1', '9'.repeat(400)];
const tooLarge = ['9007199254740992', '99999999999999999999'];
const badTimes = [
  'x',
  '',
  '0',
  '2026',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-02-30T00:00:00Z',
  '2026-01-01T00:00:00 01:00',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '+012026-01-01T00:00:00Z',
  'infinity',
  'now',
  LONG,
];
const badValues: Readonly<Record<string, readonly string[]>> = {
  accountNumber: [
    'x',
    '123456789012',
    '1234-5678-901',
    '1234-5678-90123',
    '１２３４-5678-9012',
    '1234-5678-9012\n',
    LONG,
  ],
  actor: ['', LONG, 'x'.repeat(301), '\u0000', 'a\nb'],
  createdBy: ['', LONG, 'x'.repeat(301), '\u0000', 'a\nb'],
  companyNamePrefix: ['x'.repeat(256), LONG, '\u0000', 'a\nb', '\u{1f600}'.repeat(256)],
  email: ['', 'x'.repeat(255), LONG, '\u0000', '\u0085'],
  emailPrefix: ['x'.repeat(255), LONG, '\u0000', '\u0085'],
  deletionId: [...notIds, ...tooLarge, LONG],
  action: ['x', '', 'Update', 'updated', LONG],
  entity: ['x', '', 'Account', 'users', 'toString', LONG],
  entityId: [...notIds, ...tooLarge, LONG],
  isActive: ['', '1', 'TRUE', 'yes', 'true ', LONG],
  requestId: ['', 'x'.repeat(101), '\u0000', LONG],
  since: badTimes,
  until: badTimes,
  usernamePrefix: ['x'.repeat(151), LONG, '\u0000', 'a\nb', '\u007f', '\u0085', '\u{1f600}'.repeat(151)],
  dryRun: ['', '1', 'TRUE', 'yes', 'true ', LONG],
  explain: ['', '1', 'TRUE', 'yes', 'true ', LONG],
  force: ['', '1', 'TRUE', 'yes', 'true ', LONG],
  withDescendants: ['', '1', 'TRUE', 'yes', 'true ', LONG],
  cursor: ['', 'x', '1', 'YWZ0ZXI6', 'YWZ0ZXI6MA', 'YWZ0ZXI6LTE', '****', '\u0000', LONG],
  limit: ['', '0', '501', '-1', '1e3', 'NaN', '1.5', ' 1', '+1', '0x10', 'Infinity', '٣', LONG],
  after: ['', 'x', 'Latest', '1', LONG],
  kinds: ['', 'accounts', 'user,', 'user,x', 'user user_profile', LONG],
  wait: ['', '21', '-1', '1.5', ' 1', '+1', '1e1', '100', 'NaN', LONG],
  minutes: ['', '0', '1561', '-1', '1e3', 'NaN', '1.5', ' 1', '+1', '060', '0x10', LONG],
  path: [
    'x',
    '',
    'users/3',
    'ftp://x/v1/users/3',
    'http://',
    '//x/v1/users/3',
    '/v1/users/x',
    '/v1/users/%ZZ',
    '/healthz',
    '/v1/context',
    LONG,
  ],
  keyId: [...notIds, ...tooLarge, LONG],
  user: ['', LONG, 'x'.repeat(301), '\u0000', 'a\nb', '\u007f'],
  kind: ['x', '', 'Account', 'users', 'api_key', LONG],
  userId: [...notIds, ...tooLarge, LONG],
  userProfileId: [...notIds, ...tooLarge, LONG],
  externalId: ['x'.repeat(256), LONG, '\u0000', 'a\nb', '\u0085', '\u{1f600}'.repeat(256)],
  q: ['', ' ', '---', 'x'.repeat(256), LONG, '\u0000', 'a\nb', 'a b c d e f g h i j k'],
  username: ['x'.repeat(151), LONG, '\u0000', 'a\nb', '\u007f', '\u0085', '\u{1f600}'.repeat(151)],
};
/** Any string is a URL or is not, but none is refused. */
const anythingGoes = ['url'];

const parameters = routes.flatMap((route) => {
  const { path, query } = parametersOf(route);
  return [...path.map((name) => ({ in: 'path', name })), ...query.map((name) => ({ in: 'query', name }))].map(
    (parameter) => ({ route, routeName: nameOf(route), ...parameter }),
  );
});

test('the tests know good and bad values of every parameter', () => {
  const names = new Set(parameters.map(({ name }) => name));
  expect(new Set(Object.keys(goodValues))).toEqual(names);
  expect(new Set([...Object.keys(badValues), ...anythingGoes])).toEqual(names);
});

describe.each(parameters)('$name in the $in of $routeName', ({ route, in: place, name }) => {
  test.each((badValues[name] ?? []).map((bad) => [bad.length > 40 ? `${bad.length} characters` : bad, bad]))(
    '%j is 400 and named',
    async (_title, bad) => {
      const response = await askRoute(stack.current, route, pathOf(route, { [name]: bad }));
      const { errors } = await expectProblem(response, 'bad_request');
      expect(errors?.length).toBeGreaterThan(0);
      for (const fault of errors ?? []) expect(fault).toMatchObject({ in: place, name });
    },
  );

  test.each(['%', '%Z', '%ZZ', '%C3', '%E0%A4', '%80', '%ED%A0%80', '%C0%80'])(
    'the broken percent-encoding %s is 400',
    async (broken) => {
      const path = pathOf(route, { [name]: `x${broken}` }, true);
      const { errors } = await expectProblem(await askRoute(stack.current, route, path), 'bad_request');
      expect(errors).toMatchObject([{ in: place, detail: 'has broken percent-encoding' }]);
    },
  );
});

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  const { spec } = route;
  const path = pathOf(route);
  const and = path.includes('?') ? '&' : '?';

  test('answers good values', async () => {
    expect((await askRoute(stack.current, route)).status).toBe(spec.creates === 'always' ? 201 : 200);
  });

  test.each(['a=1&a=2', 'limit=1&limit=1', 'a&a', 'a=1&a=2&a=3'])(
    '%s is 400, for a parameter is repeated',
    async (query) => {
      const { errors } = await expectProblem(
        await askRoute(stack.current, route, `${path}${and}${query}`),
        'bad_request',
      );
      const [name = ''] = query.split(/[=&]/);
      expect(errors).toContainEqual({ in: 'query', name, detail: 'is given more than once' });
    },
  );

  if (spec.query && 'limit' in spec.query.shape) {
    const known = Object.keys(spec.query.shape);
    test.each(['limits', 'Limit', 'usernameprefix', '_', 'constructor'])(
      'an unknown parameter "%s" is 400 that names the known ones',
      async (name) => {
        const response = await askRoute(stack.current, route, `${path}${and}${name}=x`);
        const { errors } = await expectProblem(response, 'bad_request');
        expect(errors?.map(({ detail }) => detail)).toEqual([
          `is not a parameter of this list; it takes ${known.join(', ')}`,
        ]);
      },
    );
  }

  test('broken percent-encoding in a parameter that nobody asked for is 400', async () => {
    await expectProblem(await askRoute(stack.current, route, `${path}${and}a=%ZZ`), 'bad_request');
  });

  if (!spec.json) {
    test('a body that is announced is 400', async () => {
      const announced = { 'Content-Length': '2' };
      const { errors } = await expectProblem(
        await askRoute(stack.current, route, path, announced),
        'bad_request',
      );
      expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'this request takes no body' }]);
    });
  }

  test.each(['max-age=', 'max-age=x', 'max-age=-1', 'max-age=1.5', 'max-age=1e3', 'private, MAX-AGE=x'])(
    'Cache-Control: %s is 400',
    async (value) => {
      const response = await askRoute(stack.current, route, path, { 'Cache-Control': value });
      const { errors } = await expectProblem(response, 'bad_request');
      expect(errors).toMatchObject([{ in: 'header', name: 'Cache-Control' }]);
    },
  );

  test('a malformed Consistency-Token is 400', async () => {
    const response = await askRoute(stack.current, route, path, { 'Consistency-Token': LONG });
    const { errors } = await expectProblem(response, 'bad_request');
    expect(errors).toMatchObject([{ in: 'header', name: 'Consistency-Token' }]);
  });

  test('every fault of a request is listed', async () => {
    const { path: inPath, query } = parametersOf(route);
    const bad = Object.fromEntries([...inPath, ...query].map((name) => [name, badValues[name]?.[0] ?? 'x']));
    const announced = spec.json ? {} : { 'Content-Length': '2' };
    const headers = { ...announced, 'Cache-Control': 'max-age=x', 'Consistency-Token': 'x' };
    const response = await askRoute(stack.current, route, `${pathOf(route, bad)}${and}a=1&a=2`, headers);
    const { errors = [], detail } = await expectProblem(response, 'bad_request');
    const expected = [
      ...(spec.json ? [] : ['body']),
      'a',
      'Cache-Control',
      'Consistency-Token',
      ...inPath,
      ...query.filter((name) => badValues[name]),
    ];
    expect(new Set(errors.map(({ name }) => name))).toEqual(new Set(expected));
    for (const { name, detail: fault } of errors) expect(detail).toContain(`${name}: ${fault}`);
  });

  if (spec.scope !== 'open') {
    test('input is not looked at without a key', async () => {
      await expectProblem(await send(stack.current, `${path}${and}a=1&a=2`, initOf(route)), 'unauthorized');
    });
  }
});

test('a PUT with a body is 400', async () => {
  const path = '/v1/accounts/1234-5678-9012/admin-user';
  const response = await send(stack.current, path, { method: 'PUT', headers: AUTHORIZATION, body: '{}' });
  const { errors } = await expectProblem(response, 'bad_request');
  expect(errors).toMatchObject([{ in: 'body' }]);
});

test('usernames that only look odd are looked up', async () => {
  const odd = [
    'x'.repeat(150),
    '\u{1f600}'.repeat(150),
    '%',
    '100%25',
    'a/b',
    'a?b#c',
    "';--",
    ' ',
    'account',
    '\u2028',
  ];
  for (const username of odd) {
    const response = await get(stack.current, `/v1/users/by-username/${encodeURIComponent(username)}`);
    await expectProblem(response, 'user_does_not_exist');
  }
});

describe('whatever the path and query', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }).filter((raw) => raw.isWellFormed()),
    fc.constantFrom(...Object.values(badValues).flat(), ...Object.values(goodValues)),
  );
  const route = fc.constantFrom(...routes.filter(({ path }) => path.startsWith('/v1/')));
  const names = [...Object.keys(goodValues), 'a'];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 3 });
  const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE');

  test('the answer is JSON or a problem, and never 500', async () => {
    const values = fc.record(Object.fromEntries(Object.keys(goodValues).map((name) => [name, text])));
    await fc.assert(
      fc.asyncProperty(route, values, query, method, async (ofRoute, parts, extra, verb) => {
        const [path = ''] = pathOf(ofRoute, parts).split('?');
        const search = new URLSearchParams(extra).toString();
        const response = await get(stack.current, `${path}?${search}`, {}, verb);
        const type = response.headers.get('Content-Type') ?? '';
        expect(response.status).toBeLessThan(500);
        expect(type).toBe(response.ok ? 'application/json' : 'application/problem+json');
        expect(response.headers.get('X-Request-Id')).not.toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  test('raw bytes after the host are never 500 either', async () => {
    const raw = fc.string({ unit: fc.constantFrom(...'%/?&=#.;:@+\\ aAz09-_~ZÿÄ€'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(raw, async (rest) => {
        expect((await get(stack.current, `/v1/${rest}`)).status).toBeLessThan(500);
      }),
      { numRuns: 1_000 },
    );
  });
});

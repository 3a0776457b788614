import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { expect, test } from 'vitest';
import {
  accountContext,
  type AccountContextOptions,
  type AccountVariables,
  requireAccount,
} from '../../src/middleware/account-context.ts';
import type { AccountBinding } from '../../src/middleware/find-account.ts';
import { makeClient } from '../../src/client/client.ts';
import type { Account } from '../../src/shapes/account.ts';
import { dormant, smarter } from '../support/http/seed.ts';

type Answers = Pick<AccountContextOptions, 'onInactive' | 'onUnavailable' | 'onUnknown' | 'suffixes'>;

const times = { createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' };
const active: Account = { ...smarter, ...times };
const inactive: Account = { ...dormant, ...times };
const AWAY = '9999-9999-9999';

/** The directory as a binding and as a client. Both count what they are asked. */
function makeDirectory() {
  const asked: string[] = [];
  const find = (accountNumber: string): Account | null => {
    asked.push(accountNumber);
    if (accountNumber === AWAY) throw new Error('no store could answer');
    return [active, inactive].find((account) => account.accountNumber === accountNumber) ?? null;
  };
  const getAccount = async (accountNumber: string) => find(accountNumber);
  const answer = async (input: RequestInfo | URL): Promise<Response> => {
    const accountNumber = new URL(new Request(input).url).pathname.split('/').at(-1) ?? '';
    if (accountNumber === AWAY) return Response.json({ code: 'unavailable' }, { status: 503 });
    const account = find(accountNumber);
    return account
      ? Response.json(account)
      : Response.json({ code: 'account_does_not_exist' }, { status: 404 });
  };
  return { asked, getAccount, client: clientOf(answer) };
}

function clientOf(fetch: (input: RequestInfo | URL) => Promise<Response>) {
  return makeClient({ baseUrl: 'http://accounts.test', key: 'ea_test', fetch });
}

const kinds = ['binding', 'client'] as const;

function sourceOf(kind: (typeof kinds)[number], { getAccount, client }: ReturnType<typeof makeDirectory>) {
  return kind === 'binding' ? { binding: () => ({ getAccount }) } : { client: () => client };
}

/** An app whose pages ask for the account in several ways. */
function makeApp(options: AccountContextOptions) {
  const app = new Hono<{ Variables: AccountVariables }>();
  app.use(accountContext(options));
  app.get('/number', (c) => c.json(c.var.accountNumber));
  app.get('/lazy', async (c) => c.text((await c.var.account()).companyName));
  app.get('/required', requireAccount(), (c) => c.text('passed'));
  app.get('/both', requireAccount(), async (c) => c.text((await c.var.account()).companyName));
  return app;
}

const urlOf = (accountNumber: string, path: string) => `https://hr.${accountNumber}.api.example.com${path}`;

test.each(kinds)('with a %s, an active account is found and asked for once', async (kind) => {
  const directory = makeDirectory();
  const app = makeApp(sourceOf(kind, directory));
  const answer = await app.request(urlOf(active.accountNumber, '/both'));
  expect([answer.status, await answer.text()]).toEqual([200, 'Smarter']);
  expect(directory.asked).toEqual([active.accountNumber]);
});

test.each(kinds)('with a %s, a page that needs no account asks for none', async (kind) => {
  const directory = makeDirectory();
  const answer = await makeApp(sourceOf(kind, directory)).request(urlOf(active.accountNumber, '/number'));
  expect(await answer.json()).toBe(active.accountNumber);
  expect(directory.asked).toEqual([]);
});

const refusals = [
  ['a host without a number', 'https://www.example.com', 404, 'account_does_not_exist'],
  ['an unknown account', urlOf('0000-0000-0000', ''), 404, 'account_does_not_exist'],
  ['an inactive account', urlOf(inactive.accountNumber, ''), 403, 'account_is_inactive'],
  ['an account while the directory is away', urlOf(AWAY, ''), 503, 'unavailable'],
] as const;

const cases = kinds.flatMap((kind) =>
  ['/lazy', '/required'].flatMap((path) => refusals.map((refusal) => [kind, path, ...refusal] as const)),
);

test.each(cases)('with a %s, %s answers %s by status and code', async (kind, path, _, url, status, code) => {
  const answer = await makeApp(sourceOf(kind, makeDirectory())).request(`${url}${path}`);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer.headers.get('Retry-After')).toBe(status === 503 ? '2' : null);
  expect(await answer.json()).toMatchObject({ status, code });
});

const answers: Answers = {
  onUnknown: (_, { accountNumber }) => new Response(`no ${accountNumber}`, { status: 410 }),
  onInactive: (c, { account }) => c.redirect(`https://pay.example.com/${account.accountNumber}`),
  onUnavailable: (c, { error }) => c.text((error as Error).message, 502),
};

test('the app answers each refusal itself', async () => {
  const app = makeApp({ ...sourceOf('binding', makeDirectory()), ...answers });
  const ask = (accountNumber: string) => app.request(urlOf(accountNumber, '/required'));
  expect(await (await ask('0000-0000-0000')).text()).toBe('no 0000-0000-0000');
  const moved = await ask(inactive.accountNumber);
  expect([moved.status, moved.headers.get('Location')]).toEqual([
    302,
    `https://pay.example.com/${inactive.accountNumber}`,
  ]);
  const away = await ask(AWAY);
  expect([away.status, await away.text()]).toEqual([502, 'no store could answer']);
});

test('a refusal keeps the headers of earlier middleware, and none of the error handler that it needs itself', async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header('Access-Control-Allow-Origin', '*');
    await next();
  });
  app.route('/', makeApp(sourceOf('binding', makeDirectory())));
  app.onError((_, c) => c.text('oops', 500, { 'Cache-Control': 'public' }));
  const { status, headers } = await app.request(urlOf(AWAY, '/lazy'));
  expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([503, '*']);
  expect([headers.get('Cache-Control'), headers.get('Retry-After')]).toEqual(['no-store', '2']);
});

test('a refusal has a body that its headers describe, behind middleware that compresses', async () => {
  const app = makeApp(sourceOf('binding', makeDirectory()));
  const outer = new Hono().use(compress({ threshold: 0 })).route('/', app);
  const inner = new Hono()
    .use(accountContext(sourceOf('binding', makeDirectory())))
    .use(compress({ threshold: 0 }));
  inner.get('/lazy', requireAccount());
  for (const one of [outer, inner]) {
    const answer = await one.request(urlOf(AWAY, '/lazy'), { headers: { 'Accept-Encoding': 'gzip' } });
    const isPacked = answer.headers.get('Content-Encoding') === 'gzip';
    const body = isPacked ? answer.body?.pipeThrough(new DecompressionStream('gzip')) : answer.body;
    expect(await new Response(body ?? null).json()).toMatchObject({ code: 'unavailable' });
  }
});

test('a refusal keeps the cookies of earlier middleware, its own, and nothing that the error handler said of its body', async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.header('Set-Cookie', 'sid=1');
    await next();
  });
  const onUnavailable: Answers['onUnavailable'] = () =>
    new Response('away', { status: 503, headers: { 'Set-Cookie': 'a=1' } });
  app.route('/', makeApp({ ...sourceOf('binding', makeDirectory()), onUnavailable }));
  app.onError((_, c) => c.text('oops', 500, { 'Content-Length': '4', Location: '/oops', ETag: '"x"' }));
  const { headers } = await app.request(urlOf(AWAY, '/lazy'));
  expect(headers.getSetCookie().toSorted()).toEqual(['a=1', 'sid=1']);
  for (const name of ['Content-Length', 'Location', 'ETag']) expect(headers.get(name)).toBeNull();
});

test('an account that is asked for early and awaited late leaves no rejection unhandled', async () => {
  const unhandled: unknown[] = [];
  const note = (event: { preventDefault(): void; reason: unknown }) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener('unhandledrejection', note);
  const app = makeApp(sourceOf('binding', makeDirectory()));
  app.get('/early', async (c) => {
    const account = c.var.account();
    await new Promise<void>((resolve) => {
      setTimeout(resolve);
    });
    return c.text((await account).companyName);
  });
  expect((await app.request(urlOf('0000-0000-0000', '/early'))).status).toBe(404);
  removeEventListener('unhandledrejection', note);
  expect(unhandled).toEqual([]);
});

test.each([
  ['null', null],
  ['an empty object', {}],
  ['a list', []],
  ['a text', 'x'],
  ['another account', { ...active, accountNumber: '1111-1111-1111' }],
  ['an account that does not say whether it is active', { ...active, isActive: undefined }],
])('%s with status 200 is an outage', async (_, body) => {
  const client = clientOf(async () => Response.json(body));
  const app = makeApp({ client: () => client });
  expect((await app.request(urlOf(active.accountNumber, '/lazy'))).status).toBe(503);
});

test.each([undefined, {}, 'x', { ...active, accountNumber: '1111-1111-1111' }])(
  'a binding that answers %j is an outage',
  async (answer) => {
    const app = makeApp({ binding: () => ({ getAccount: async () => answer as never }) });
    expect((await app.request(urlOf(active.accountNumber, '/lazy'))).status).toBe(503);
  },
);

test.each([
  [
    'gives every error the status 500',
    (c: { text(text: string, status: 500): Response }) => c.text('oops', 500),
  ],
  [
    'uses up the response of the error',
    async (_: unknown, error: Error & { getResponse?(): Response }) => {
      await error.getResponse?.().text();
      return new Response('oops', { status: 500 });
    },
  ],
])('an outage stays 503 when the error handler of the app %s', async (_, onError) => {
  const app = makeApp(sourceOf('binding', makeDirectory()));
  app.onError((error, c) => onError(c, error));
  const answer = await app.request(urlOf(AWAY, '/lazy'));
  expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'unavailable' }]);
});

test('other errors are left to the error handler of the app', async () => {
  const app = makeApp(sourceOf('binding', makeDirectory()));
  app.get('/broken', () => {
    throw new Error('broken');
  });
  app.onError((error, c) => c.text(error.message, 500));
  expect(await (await app.request(urlOf(active.accountNumber, '/broken'))).text()).toBe('broken');
});

test.each([
  ['a page of a proxy', 404, 'Not found', /answered 404/],
  ['a refused key', 401, '{"code":"unauthorized"}', /answered 401 \(unauthorized\)/],
])('%s is an outage and no absent account', async (_, status, body, message) => {
  const told: unknown[] = [];
  const client = clientOf(async () => new Response(body, { status }));
  const app = makeApp({
    client: () => client,
    onUnavailable(c, { error }) {
      told.push(error);
      return c.body(null, 503);
    },
  });
  expect((await app.request(urlOf(active.accountNumber, '/lazy'))).status).toBe(503);
  expect(told).toMatchObject([{ message: expect.stringMatching(message) }]);
});

test('a host outside of the suffixes names no account', async () => {
  const app = makeApp({ ...sourceOf('binding', makeDirectory()), suffixes: ['api.example.org'] });
  expect(await (await app.request(urlOf(active.accountNumber, '/number'))).json()).toBeNull();
});

test.each([
  ['the id that the request came with', { 'X-Request-Id': 'front-door-1' }, undefined, 'front-door-1'],
  ['the id that the app gave it', { 'X-Request-Id': 'front-door-1' }, 'of-the-app', 'of-the-app'],
  ['no id where it came with none', {}, undefined, undefined],
  ['no id that the service would refuse', { 'X-Request-Id': 'johndoe@b.example' }, undefined, undefined],
  ['no id that is too long', { 'X-Request-Id': 'x'.repeat(101) }, undefined, undefined],
])('a binding is told %s', async (_, headers: Record<string, string>, ofApp, expected) => {
  const told: unknown[] = [];
  const getAccount: AccountBinding['getAccount'] = async (_number, options) => {
    told.push(options?.requestId);
    return active;
  };
  const app = new Hono<{ Variables: { requestId?: string } }>();
  app.use(async (c, next) => {
    if (ofApp) c.set('requestId', ofApp);
    await next();
  });
  app.route('/', makeApp({ binding: () => ({ getAccount }) }));
  await app.request(urlOf(active.accountNumber, '/required'), { headers });
  expect(told).toEqual([expected]);
});

test('a Worker without the binding is unavailable', async () => {
  const binding = ({ ACCOUNTS }: { ACCOUNTS?: never }) => ACCOUNTS as never;
  const app = makeApp({ binding });
  expect((await app.request(urlOf(active.accountNumber, '/lazy'), {}, {})).status).toBe(503);
});

const wrong = (options: object) => () => accountContext(options as AccountContextOptions);

test('wrong options are refused at once', () => {
  const binding = () => ({ getAccount: async () => null });
  expect(wrong({})).toThrow('accountContext: give either binding or client');
  expect(wrong({ binding, client: binding })).toThrow('accountContext: give either binding or client');
  expect(wrong({ binding: binding() })).toThrow('as a function of the bindings');
  expect(wrong({ binding, suffixes: ['.example.com'] })).toThrow('not ".example.com"');
  expect(wrong({ binding, suffixes: 'localhost' })).toThrow(TypeError);
});

test('requireAccount without accountContext says what is missing', async () => {
  const app = new Hono().use(requireAccount());
  app.onError((error) => new Response(error.message, { status: 500 }));
  expect(await (await app.request('/')).text()).toContain('use accountContext before it');
});

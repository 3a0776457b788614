import { expect, test } from 'vitest';
import { runWith, type World } from './fake-io.ts';
import { wordsOf } from './words.ts';

const env = { EDGE_ACCOUNTS_URL: 'https://x.example.com', EDGE_ACCOUNTS_KEY: 'ea_secret' };
const run = (line: string, fetch: World['fetch']) => runWith(wordsOf(line), { env, ...(fetch && { fetch }) });
const answering = (response: () => Response) => () => Promise.resolve(response());
const page = (items: readonly object[], nextCursor: string | null) =>
  Promise.resolve(Response.json({ items, nextCursor }));

test('a service that cannot be reached is exit code 5, with the reason', async () => {
  const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') });
  const { code, stderr } = await run('accounts list', () => Promise.reject(error));
  expect(code).toBe(5);
  expect(stderr).toMatch(
    /^https:\/\/x\.example\.com cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:9\.\n/,
  );
});

test.each([
  [503, 5],
  [500, 5],
  [429, 5],
  [408, 5],
  [401, 4],
  [403, 4],
  [404, 3],
  [409, 1],
  [412, 1],
  [400, 2],
])('a problem of status %i is exit code %i', async (status, code) => {
  const problem = { detail: 'it is so', code: 'x', requestId: 'r-1', status };
  const outcome = await run(
    'users get 3',
    answering(() => Response.json(problem, { status })),
  );
  expect([outcome.code, outcome.stderr]).toEqual([code, 'It is so. (request r-1)\n']);
});

test('an answer of something else is told as such, and is not printed', async () => {
  const html = '<html>\u001B[2J</html>';
  const { code, stderr } = await run(
    'users get 3',
    answering(() => new Response(html, { status: 502 })),
  );
  expect([code, stderr]).toEqual([5, 'the service answered 502 without a reason: is it Edge Accounts?\n']);
});

test('each fault of the input is told', async () => {
  const errors = [
    { in: 'body', name: 'username', detail: 'is required' },
    { in: 'body', name: 'email', detail: 'must be an e-mail address' },
  ];
  const { stderr } = await run(
    'users get 3',
    answering(() => Response.json({ detail: 'x', errors, requestId: 'r-1' }, { status: 400 })),
  );
  expect(stderr).toBe(
    'The service refuses the input: username is required; email must be an e-mail address. (request r-1)\n',
  );
});

test('the key is sent in a header alone, over no redirect, and never printed', async () => {
  const { stdout, stderr } = await run('accounts list --verbose', (url, init) => {
    expect(url).not.toContain('ea_secret');
    expect(init.redirect).toBe('error');
    expect(new Headers(init.headers).get('User-Agent')).toMatch(/^edge-accounts\/\d/);
    return page([], null);
  });
  expect(stdout + stderr).not.toContain('ea_secret');
});

test('a list is read page by page, up to its limit or to its end', async () => {
  const read = async (line: string) => {
    const queries: string[] = [];
    const { stderr } = await run(line, (url) => {
      const { searchParams } = new URL(url);
      queries.push(`${searchParams.get('limit')} after ${searchParams.get('cursor')}`);
      const size = Number(searchParams.get('limit'));
      const at = Number(searchParams.get('cursor') ?? 0) + size;
      return page(
        Array.from({ length: size }, () => ({})),
        at < 1_500 ? String(at) : null,
      );
    });
    return [...queries, stderr];
  };
  const more = 'There are more: use --limit or --all.\n';
  expect(await read('accounts list')).toEqual(['100 after null', more]);
  expect(await read('accounts list --limit 700')).toEqual(['500 after null', '200 after 500', more]);
  expect(await read('accounts list --all')).toEqual([
    '500 after null',
    '500 after 500',
    '500 after 1000',
    '',
  ]);
});

test('changes end where the cursor stays, not at a page without any', async () => {
  const change = {
    kind: 'user',
    id: null,
    operation: 'resync',
    at: '',
    actor: '',
    before: null,
    after: null,
  };
  const pages = new Map([
    [null, page([], 'a')],
    ['a', page([change], 'b')],
    ['b', page([], 'b')],
  ]);
  const read = (url: string) => pages.get(new URL(url).searchParams.get('after')) ?? page([], null);
  const { stdout, stderr } = await run('changes --jsonl', read);
  expect(JSON.parse(stdout)).toEqual(change);
  expect(stderr).toBe('Go on from here: edge-accounts changes --after b\n');
});

test('Ctrl-C during a request ends the command', async () => {
  const interrupted = AbortSignal.abort();
  const outcome = await runWith(['accounts', 'list'], { env, interrupted });
  expect([outcome.code, outcome.stderr]).toEqual([1, 'Interrupted.\n']);
});

test('a fault of the command line itself is thrown, not told as one of the service', async () => {
  await expect(
    run(
      'users get 3',
      answering(() => new Response('{', { status: 200 })),
    ),
  ).rejects.toThrow(SyntaxError);
});

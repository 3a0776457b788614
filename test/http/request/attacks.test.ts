import { createExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { app } from '../../../src/http/app.ts';
import { MAX_BODY_BYTES } from '../../../src/http/request/json-body.ts';
import { get, KEY, send, sql, useStack } from '../../support/stack.ts';
import { sampled } from '../../support/scale.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import {
  ALTERNATIVES,
  askRoute,
  initOf,
  LEFT_OUT,
  nameOf,
  parametersOf,
  pathOf,
  routes,
  useGoodRows,
} from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
const AUTHORIZATION = { Authorization: `Bearer ${KEY}` };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const PATH = '/v1/accounts';
const ofJson = routes.filter(({ spec }) => spec.json);
/** Parameters that may be any text, and find nothing. */
const ANY_TEXT = new Set(['usernamePrefix', 'companyNamePrefix', 'actor', 'createdBy', 'requestId', 'url']);

/** Posts a body as it is, with no more said of it than the headers say. */
function post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return send(stack.current, PATH, {
    method: 'POST',
    body,
    headers: { ...AUTHORIZATION, ...JSON_TYPE, ...headers },
  });
}

/** A body of which no length is known. */
function streamOf(...chunks: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? encoder.encode(chunk) : chunk));
  return new ReadableStream({
    pull(controller) {
      const next = bytes.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
}

/** With fake timers: until the request waits for its body. */
async function untilDeadlineIsSet(): Promise<void> {
  while (vi.getTimerCount() === 0) await scheduler.wait(1);
}

async function countRows(): Promise<unknown> {
  return sql(
    stack.current,
    'select (select count(*) from accounts) as accounts, (select count(*) from users) as users, (select count(*) from user_profiles) as profiles',
  );
}

let prototypes = '';
const describePrototypes = () =>
  JSON.stringify(
    [Object.prototype, Array.prototype, String.prototype, Function.prototype].map(Object.getOwnPropertyNames),
  );

beforeAll(() => {
  prototypes = describePrototypes();
});

afterEach(() => {
  vi.useRealTimers();
  expect(describePrototypes()).toBe(prototypes);
});

describe('SQL text', () => {
  const texts = [
    "'; drop table users; --",
    "' or '1'='1",
    "\\'; truncate accounts; --",
    '"; delete from accounts; --',
    "1'/**/union/**/select/**/null--",
    "'||pg_sleep(10)||'",
    '$$; drop table accounts; $$',
    '${1+1} {{7*7}} #{7*7}',
    "%' or username like '%",
    '_',
    '1; select 1',
  ];
  const parameters = routes.flatMap((route) => {
    const { path, query } = parametersOf(route);
    return [...path, ...query].map((name) => ({ route, name, title: `${name} of ${nameOf(route)}` }));
  });

  test.each(parameters)('in $title reaches nothing', async ({ route, name }) => {
    const before = await countRows();
    const others = ALTERNATIVES[nameOf(route)] ?? [];
    const alone = others.includes(name) ? Object.fromEntries(others.map((other) => [other, LEFT_OUT])) : {};
    for (const text of sampled(texts, 3)) {
      const response = await askRoute(stack.current, route, pathOf(route, { ...alone, [name]: text }));
      // A name may be any text too; nobody has such a name, and a list has nothing of it.
      const isName = ['externalId', 'user', 'username'].includes(name);
      const isAnyText = ANY_TEXT.has(name) || (name === 'q' && /[a-z\d]/.test(text));
      const expected = isAnyText || (isName && route.spec.list) ? 200 : isName ? 404 : 400;
      expect([text, response.status]).toEqual([text, expected]);
    }
    expect(await countRows()).toEqual(before);
  });

  test('in a field is kept as the text it is', async () => {
    for (const text of texts) {
      const created = await create(stack.current, PATH, { companyName: text, city: text, address1: text });
      const account = await jsonOf(created);
      expect(account).toMatchObject({ companyName: text, city: text, address1: text });
      const read = await get(stack.current, created.headers.get('Location') ?? '');
      expect(await read.json()).toEqual(account);
    }
    expect(await sql(stack.current, "select 1 as one from users where username = 'admin'")).toEqual([
      { one: 1 },
    ]);
  });

  test.each(['accountNumber', 'isActive', 'isDefaultAccount', 'id', 'revision', 'createdAt'])(
    'in the field %s is 400',
    async (field) => {
      for (const text of texts) {
        const response = await create(stack.current, PATH, { companyName: 'x', [field]: text });
        const { errors } = await expectProblem(response, 'bad_request');
        expect(errors).toMatchObject([{ in: 'body', name: field }]);
      }
    },
  );

  test.each(['If-None-Match', 'If-Match', 'Consistency-Token', 'Idempotency-Key', 'Cache-Control'])(
    'in %s is no more than a wrong header',
    async (name) => {
      const before = await countRows();
      for (const text of texts) {
        const read = await get(stack.current, '/v1/users/3', { [name]: text });
        expect([text, read.status]).toEqual([text, name === 'Consistency-Token' ? 400 : 200]);
        const headers = { [name]: text };
        const changed = await change(
          stack.current,
          'PATCH',
          '/v1/accounts/1234-5678-9012',
          { city: '' },
          headers,
        );
        expect([400, 412, 428]).toContain(changed.status);
      }
      expect(await countRows()).toEqual(before);
    },
  );
});

describe('line breaks and control characters', () => {
  const breaks = ['\r\nSet-Cookie: a=b', '\nX: y', '\r', 'a\u0000b', '\u001b[2J', '\u0085', '\u007f'];

  test('in a path are 400, and in no header of the answer', async () => {
    for (const text of breaks) {
      const path = `/v1/users/by-username/${encodeURIComponent(text)}`;
      const response = await get(stack.current, path);
      await expectProblem(response, 'bad_request');
      expect(response.headers.get('Set-Cookie')).toBeNull();
      for (const [, value] of response.headers) expect(value).not.toMatch(/[\r\n]/);
    }
  });

  test('in a field are 400', async () => {
    for (const text of breaks) {
      const response = await create(stack.current, PATH, { companyName: `x${text}` });
      const { errors } = await expectProblem(response, 'bad_request');
      expect(errors).toMatchObject([{ in: 'body', name: 'companyName' }]);
    }
  });

  test('in the name of a field are told in JSON, and nowhere else', async () => {
    const response = await create(stack.current, PATH, { companyName: 'x', 'a\r\nSet-Cookie: a=b': 1 });
    const { errors } = await expectProblem(response, 'bad_request');
    expect(errors).toMatchObject([{ detail: 'is no field' }]);
    expect(response.headers.get('Set-Cookie')).toBeNull();
  });

  test('in a query are 400 or a value like any other', async () => {
    for (const text of breaks) {
      const url = encodeURIComponent(`https://x/${text}`);
      const response = await send(stack.current, `/v1/account-number?url=${url}`);
      expect(await response.json()).toEqual({ accountNumber: null });
      for (const [, value] of response.headers) expect(value).not.toMatch(/[\r\n]/);
    }
  });
});

// Who looks a name up means these bytes; a name that only looks like another is another.
test.each([
  '\u0430dmin',
  'a\u200bdmin',
  'ADMIN',
  '\uff41dmin',
  'admin\u00a0',
  '\u202eadmin',
  'a\u0301dmin',
  'admin ',
])('the username %j is not admin', async (username) => {
  const response = await get(stack.current, `/v1/users/by-username/${encodeURIComponent(username)}`);
  await expectProblem(response, 'user_does_not_exist');
});

test.each(['%ED%A0%80', '%C0%AE', '%FF', '%00'])('the bytes %s are 400', async (bytes) => {
  await expectProblem(await get(stack.current, `/v1/users/by-username/a${bytes}`), 'bad_request');
});

test.each([
  '/v1/users/../../etc/passwd',
  '/v1/users/..%2f3',
  '/v1/users/%2e%2e/3',
  '//evil.example/v1/users/3',
  '/v1/users/3;a=b',
])('%s is no way to anything', async (path) => {
  const response = await send(stack.current, `http://127.0.0.1:8787${path}`, { headers: AUTHORIZATION });
  expect([400, 404]).toContain(response.status);
});

describe('prototype pollution', () => {
  const texts = [
    '{"companyName":"x","__proto__":{"isDefaultAccount":true}}',
    '{"companyName":"x","constructor":{"prototype":{"polluted":true}}}',
    '{"companyName":"x","prototype":{"polluted":true}}',
    '{"companyName":"x","__proto__":null}',
    '{"companyName":"x","\\u005f_proto__":{"polluted":true}}',
    '{"companyName":"x","hasOwnProperty":1,"toString":1,"valueOf":1}',
  ];

  test.each(texts)('%s is 400', async (text) => {
    const { errors } = await expectProblem(await post(text), 'bad_request');
    for (const fault of errors ?? []) expect(fault).toMatchObject({ in: 'body', detail: 'is no field' });
    expect(errors?.length).toBeGreaterThan(0);
    expect({}).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('isDefaultAccount', true);
  });

  test.each(ofJson.map((route) => ({ route, name: nameOf(route) })))('of $name is 400', async ({ route }) => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const init = initOf(route, AUTHORIZATION);
      const text = await new Response(init.body).text();
      const body = text.replace('{', `{"${name}":{"polluted":true},`);
      const response = await send(stack.current, pathOf(route), { ...init, body });
      const { errors } = await expectProblem(response, 'bad_request');
      expect(errors).toContainEqual({ in: 'body', name, detail: 'is no field' });
    }
  });

  test('by a parameter is one that nobody asked for', async () => {
    const query = '__proto__=x&constructor=y&__proto__[polluted]=z&hasOwnProperty=1';
    expect((await get(stack.current, `/v1/users/3?${query}`)).status).toBe(200);
    const twice = await get(stack.current, '/v1/users/3?__proto__=x&__proto__=y');
    const { errors } = await expectProblem(twice, 'bad_request');
    expect(errors).toMatchObject([{ in: 'query', name: '__proto__' }]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is nobody’s name',
    async (name) => {
      await expectProblem(await get(stack.current, `/v1/users/by-username/${name}`), 'user_does_not_exist');
      await expectProblem(await get(stack.current, `/v1/${name}`), 'not_found');
    },
  );
});

describe('JSON', () => {
  test.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['half an object', '{"companyName":"x"'],
    ['a trailing comma', '{"companyName":"x",}'],
    ['single quotes', "{'companyName':'x'}"],
    ['a comment', '{"companyName":"x"/* */}'],
    ['two values', '{"companyName":"x"}{}'],
    ['NaN', '{"companyName":NaN}'],
    ['a NUL byte', '{"companyName":"x"}\u0000'],
    ['a raw line break in a string', '{"companyName":"x\ny"}'],
    ['a bad escape', '{"companyName":"\\x"}'],
    ['an open string of a mebibyte', `{"companyName":"${'x'.repeat(MAX_BODY_BYTES - 20)}`],
    ['a mebibyte of backslashes', `"${'\\'.repeat(MAX_BODY_BYTES - 2)}`],
    ['a mebibyte of quotes', '"'.repeat(MAX_BODY_BYTES)],
  ])('that is %s is 400', async (_what, text) => {
    const { errors } = await expectProblem(await post(text), 'bad_request');
    expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'is not JSON' }]);
  });

  test.each(['null', '[]', '1', '"x"', 'true', '[{"companyName":"x"}]'])(
    'that is %s is 400',
    async (text) => {
      const { errors } = await expectProblem(await post(text), 'bad_request');
      expect(errors).toMatchObject([{ in: 'body', name: 'body' }]);
    },
  );

  test.each([
    '1e999',
    '-1e999',
    '-0',
    '9007199254740993',
    '1'.repeat(400),
    '0.1',
    '{}',
    '[]',
    'null',
    'true',
  ])('with the number or value %s for text is 400', async (value) => {
    const { errors } = await expectProblem(await post(`{"companyName":${value}}`), 'bad_request');
    expect(errors?.[0]).toMatchObject({ in: 'body', name: 'companyName' });
  });

  test.each([
    ['after each other', '{"companyName":"x","companyName":"y"}', 'companyName'],
    ['in two spellings', '{"companyName":"x","company\\u004eame":"y"}', 'companyName'],
    ['with white space', '{"a" :1, "a"\n: 2}', 'a'],
    ['inside', '{"a":{"b":1,"c":{},"b":2}}', 'b'],
    ['in a list', '[{"a":1},{"a":1,"a":1}]', 'a'],
    ['of no length', '{"":1,"":2}', ''],
  ])(
    'with two members of one name %s is 400, for its readers disagree which counts',
    async (_how, text, name) => {
      const { errors } = await expectProblem(await post(text), 'bad_request');
      expect(errors).toEqual([{ in: 'body', name, detail: 'is given more than once' }]);
    },
  );

  test('with one name in several objects, and as a value, is not that', async () => {
    const text =
      '{"companyName":"companyName","a":{"companyName":"a"},"b":[{"a":1},{"a":1}],"c":"x\\"a\\":"}';
    const { errors } = await expectProblem(await post(text), 'bad_request');
    expect(errors?.map(({ name, detail }) => [name, detail])).toEqual([
      ['a', 'is no field'],
      ['b', 'is no field'],
      ['c', 'is no field'],
    ]);
  });

  test.each([
    ['100,000 arrays', '['.repeat(100_000)],
    ['100,000 arrays that are closed', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['100,000 objects', '{"a":'.repeat(100_000)],
    ['objects in arrays', '[{"a":'.repeat(50_000)],
    ['17 levels', `${'['.repeat(17)}${']'.repeat(17)}`],
  ])('of %s deep is 400 before it is parsed', async (_what, text) => {
    const parse = vi.spyOn(JSON, 'parse');
    const response = await post(text);
    expect(parse).not.toHaveBeenCalledWith(text);
    parse.mockRestore();
    const { errors } = await expectProblem(response, 'bad_request');
    expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'is nested deeper than 16' }]);
  });

  test('of 16 levels is parsed, and brackets in text are no levels', async () => {
    const nested = `${'['.repeat(16)}${']'.repeat(16)}`;
    const { errors } = await expectProblem(await post(nested), 'bad_request');
    expect(errors?.[0]?.detail).not.toContain('nested');
    const companyName = '[{"'.repeat(50);
    expect(await jsonOf(await create(stack.current, PATH, { companyName }))).toMatchObject({ companyName });
  });

  test('with 100,000 siblings is read, and 100 of its faults are told', async () => {
    const members = Array.from({ length: 100_000 }, (_none, index) => `"a${index}":1`);
    const text = `{"companyName":"x",${members.slice(0, 80_000).join()}}`;
    const { errors, detail } = await expectProblem(await post(text), 'bad_request');
    expect(errors).toHaveLength(100);
    expect(errors?.[0]).toEqual({ in: 'body', name: 'a0', detail: 'is no field' });
    expect(detail).toMatch(/; and 79900 more$/);
    const list = `[${'1,'.repeat(100_000)}1]`;
    await expectProblem(await post(list), 'bad_request');
  });

  test.each([
    [
      'a repeated name of control characters',
      `{"${'\u0001'.repeat(500_000)}":1,"${'\u0001'.repeat(500_000)}":1}`,
    ],
    [
      'a repeated name of lone surrogates',
      `{"${'\\ud800'.repeat(80_000)}":1,"${'\\ud800'.repeat(80_000)}":1}`,
    ],
    [
      'a hundred long names',
      `{${Array.from({ length: 100 }, (_none, at) => `"${'\u0081'.repeat(3_000)}${at}":1`).join()}}`,
    ],
    ['a long name inside', `{"companyName":{"${'\u0001'.repeat(500)}":1,"${'\u0001'.repeat(500)}":1}}`],
  ])('with %s is answered with less', async (_what, text) => {
    const response = await post(text);
    expect(response.status).toBe(400);
    expect((await response.arrayBuffer()).byteLength).toBeLessThan(Math.max(text.length / 4, 2_000));
  });

  test('a query of control characters is answered with no more', async () => {
    const names = Array.from({ length: 90 }, (_none, at) => `${'%01'.repeat(50)}${at}=`);
    const query = names.join('&');
    const response = await get(stack.current, `/v1/users?${query}`);
    expect(response.status).toBe(400);
    expect((await response.arrayBuffer()).byteLength).toBeLessThan(3 * query.length);
  });

  test('with a field of half a mebibyte is not answered with as much', async () => {
    const response = await post(`{"companyName":"x","${'y'.repeat(500_000)}":1}`);
    expect((await response.text()).length).toBeLessThan(2_000);
  });
});

describe('a body', () => {
  const invalid = [
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
    [0x22, 0x78, 0xfe, 0x22],
  ];

  test.each(invalid.map((bytes) => [bytes]))('of the bytes %j, which are no UTF-8, is 400', async (bytes) => {
    for (const body of [Uint8Array.from(bytes), streamOf(Uint8Array.from(bytes))]) {
      const { errors } = await expectProblem(await post(body), 'bad_request');
      expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'is not UTF-8' }]);
    }
  });

  test('in UTF-16 is 400', async () => {
    const text = '\ufeff{"companyName":"x"}';
    const bytes = new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
    await expectProblem(await post(bytes), 'bad_request');
  });

  test('whose characters are cut in two on their way is whole', async () => {
    const companyName = 'Zürich 😀';
    const bytes = new TextEncoder().encode(JSON.stringify({ companyName }));
    const response = await post(streamOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
    expect(await jsonOf(response)).toMatchObject({ companyName });
  });

  test('with a byte order mark is read, as RFC 8259 allows', async () => {
    expect((await post('\ufeff{"companyName":"Marked"}')).status).toBe(201);
    await expectProblem(await post('\ufeff\ufeff{"companyName":"x"}'), 'bad_request');
  });

  test('of 10 MB is 413 when it is announced, and none of it is read', async () => {
    let pulls = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await post(body, { 'Content-Length': String(10 * 2 ** 20) });
    await expectProblem(response, 'content_too_large');
    expect(pulls).toBe(0);
  });

  test('of 10 MB is 413 when it is not announced, and its rest is not read', async () => {
    let pulls = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulls += 1;
          if (pulls > 160) controller.close();
          else controller.enqueue(new Uint8Array(65_536).fill(0x20));
        },
      },
      { highWaterMark: 0 },
    );
    await expectProblem(await post(body), 'content_too_large');
    expect(pulls).toBeLessThan(20);
  });

  test('may have a mebibyte and not a byte more, however many it announces', async () => {
    const text = '{"companyName":"Full"}';
    const full = text + ' '.repeat(MAX_BODY_BYTES - text.length);
    expect((await post(streamOf(full))).status).toBe(201);
    await expectProblem(await post(streamOf(`${full} `)), 'content_too_large');
    await expectProblem(await post(`${full} `), 'content_too_large');
    await expectProblem(await post(streamOf(`${full} `), { 'Content-Length': '10' }), 'content_too_large');
  });

  test.each([
    ['a route that takes one', 'POST', '/v1/accounts'],
    ['a route that takes none', 'PUT', '/v1/accounts/3141-5926-5359/admin-user'],
  ])('that does not arrive is 408 to %s', async (_what, method, path) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let isCancelled = false;
    const body = new ReadableStream({ cancel: () => void (isCancelled = true) }, { highWaterMark: 0 });
    const headers = { ...AUTHORIZATION, ...JSON_TYPE };
    const request = new Request(`http://127.0.0.1:8787${path}`, { method, body, headers });
    const asked = app.fetch(request, stack.current.env, createExecutionContext());
    await untilDeadlineIsSet();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(isCancelled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expectProblem(await asked, 'request_timeout');
    expect(isCancelled).toBe(true);
  });

  test('that drips is 408 as a whole, though no byte is late', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let isCancelled = false;
    const body = new ReadableStream(
      {
        cancel: () => void (isCancelled = true),
        pull: (controller) =>
          new Promise<void>((resolve) => {
            setTimeout(() => {
              if (!isCancelled) controller.enqueue(Uint8Array.of(0x20));
              resolve();
            }, 1_000);
          }),
      },
      { highWaterMark: 0 },
    );
    const headers = { ...AUTHORIZATION, ...JSON_TYPE };
    const request = new Request(`http://127.0.0.1:8787${PATH}`, { method: 'POST', body, headers });
    const asked = app.fetch(request, stack.current.env, createExecutionContext());
    await untilDeadlineIsSet();
    await vi.advanceTimersByTimeAsync(11_000);
    await expectProblem(await asked, 'request_timeout');
  });

  test('that breaks off is no fault of ours', async () => {
    const error = vi.spyOn(console, 'error');
    for (const sent of [[], ['{"company']]) {
      const rest = streamOf(...sent).getReader();
      const body = new ReadableStream({
        async pull(controller) {
          const { done, value } = await rest.read();
          if (done) controller.error(new Error('Network connection lost.'));
          else controller.enqueue(value);
        },
      });
      const { errors } = await expectProblem(await post(body), 'bad_request');
      expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'ended before it was complete' }]);
    }
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/json',
    '',
  ])('of the type %j is 415: a form of another page can send no other', async (type) => {
    await expectProblem(
      await post('{"companyName":"x"}', { 'Content-Type': type }),
      'unsupported_media_type',
    );
  });
});

describe('too much', () => {
  const longest = 16_384;

  test.each(routes.map((route) => ({ route, name: nameOf(route) })))(
    'of a URL or of headers is 414 and 431 on $name, with a key or without',
    async ({ route }) => {
      const path = pathOf(route);
      const long = `${path}${path.includes('?') ? '&' : '?'}a=${'x'.repeat(longest)}`;
      const large = Object.fromEntries(
        Array.from({ length: 5 }, (_none, at) => [`X-${at}`, 'x'.repeat(7_000)]),
      );
      for (const headers of [{}, AUTHORIZATION]) {
        await expectProblem(await send(stack.current, long, initOf(route, headers)), 'uri_too_long');
        const response = await send(stack.current, path, initOf(route, { ...headers, ...large }));
        await expectProblem(response, 'headers_too_large');
      }
    },
  );

  test('begins above 16,384 characters of URL, and nowhere below', async () => {
    const base = 'http://127.0.0.1:8787/healthz?a=';
    const ask = async (length: number) => (await send(stack.current, base.padEnd(length, 'x'))).status;
    expect([await ask(longest), await ask(longest + 1)]).toEqual([200, 414]);
  });

  test('begins above 32,768 characters of headers', async () => {
    const ask = async (length: number) =>
      (await send(stack.current, '/healthz', { headers: { a: 'x'.repeat(length - 1) } })).status;
    expect([await ask(32_768), await ask(32_769)]).toEqual([200, 431]);
  });

  test('begins above 100 parameters of a query', async () => {
    const ask = (count: number) =>
      send(stack.current, `/healthz?${Array.from({ length: count }, (_none, at) => `a${at}=`).join('&')}`);
    expect((await ask(100)).status).toBe(200);
    const { errors } = await expectProblem(await ask(101), 'bad_request');
    expect(errors).toEqual([{ in: 'query', name: 'query', detail: 'has more than 100 parameters' }]);
  });
});

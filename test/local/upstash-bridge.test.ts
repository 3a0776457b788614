import { createServer, type AddressInfo } from 'node:net';
import { Redis } from '@upstash/redis';
import { Redis as TcpRedis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startRedis, type RedisServer } from '../../local/redis.ts';
import { startUpstashBridge } from '../../local/upstash-bridge.ts';

type Bridge = Awaited<ReturnType<typeof startUpstashBridge>>;

const token = 'test-token';
const prefix = `upstash-bridge-test:${crypto.randomUUID()}:`;
let engine: RedisServer | null = null;
let bridge: Bridge;
let redis: Redis;
let plain: Redis;
let key: string;

beforeAll(async () => {
  engine = process.env.REDIS_URL ? null : await startRedis({ port: 0 });
  bridge = await startUpstashBridge({ port: 0, redisUrl: redisUrl(), token });
  redis = client(bridge, { responseEncoding: 'base64' });
  plain = client(bridge, { responseEncoding: false });
});

afterAll(async () => {
  await bridge.close();
  const direct = new TcpRedis(redisUrl());
  const keys = await direct.keys(`${prefix}*`);
  if (keys.length > 0) await direct.del(keys);
  direct.disconnect();
  await engine?.close();
});

beforeEach(() => {
  key = prefix + crypto.randomUUID();
});

function redisUrl(): string {
  return process.env.REDIS_URL ?? engine?.url ?? '';
}

function client(to: { url: string }, options: { responseEncoding: false | 'base64' }): Redis {
  return new Redis({
    url: to.url,
    token,
    retry: { retries: 0 },
    automaticDeserialization: false,
    readYourWrites: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    ...options,
  });
}

function send(path: string, init: RequestInit & { at?: Bridge } = {}): Promise<Response> {
  const { at = bridge, headers, ...rest } = init;
  return fetch(at.url + path, { ...rest, headers: { authorization: `Bearer ${token}`, ...headers } });
}

function post(path: string, payload: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return send(path, { method: 'POST', body: JSON.stringify(payload), headers });
}

async function answer(pending: Promise<Response>): Promise<[number, string]> {
  const response = await pending;
  return [response.status, await response.text()];
}

describe.each([
  { encoding: 'base64', sdk: () => redis },
  { encoding: 'none', sdk: () => plain },
])('the client with encoding $encoding', ({ sdk }) => {
  test('sets and gets', async () => {
    expect(await sdk().set(key, 'Füße 🦶 "quoted"\n\0', { ex: 100 })).toBe('OK');
    expect(await sdk().get(key)).toBe('Füße 🦶 "quoted"\n\0');
    expect(await sdk().ttl(key)).toBe(100);
    expect(await sdk().get(`${key}:none`)).toBeNull();
  });

  test('reads the text OK back wherever it stands', async () => {
    await sdk().set(key, 'OK');
    expect(await sdk().get(key)).toBe('OK');
    expect(await sdk().mget(key, `${key}:none`)).toEqual(['OK', null]);
  });

  test('gets arrays of arrays, numbers and nulls', async () => {
    const script = "return {1, 'a', {false, 'b', {'ü'}}, -5}";
    expect(await sdk().eval(script, [], [])).toEqual([1, 'a', [null, 'b', ['ü']], -5]);
  });

  test('sends a pipeline, where one failure leaves the rest', async () => {
    const results = await sdk().pipeline().set(key, 'text').incr(key).get(key).exec({ keepErrors: true });
    expect(results[0]).toMatchObject({ result: 'OK' });
    expect(results[1]?.error).toBe('ERR value is not an integer or out of range');
    expect(results[2]).toMatchObject({ result: 'text' });
  });

  test('sends a transaction', async () => {
    expect(await sdk().multi().set(key, '1').incr(key).get(key).exec()).toEqual(['OK', 2, '2']);
  });

  test('runs a script by its SHA', async () => {
    const sha = await sdk().scriptLoad(`return {ARGV[1], '${key}'}`);
    expect(await sdk().evalsha(sha, [], ['x'])).toEqual(['x', key]);
  });
});

describe('errors of Redis pass unchanged', () => {
  test('an unknown script', async () => {
    const sha = 'f'.repeat(40);
    await expect(redis.evalsha(sha, [], [])).rejects.toThrow(/^NOSCRIPT No matching script\./);
    const [status, body] = await answer(post('/', ['EVALSHA', sha, 0]));
    expect([status, JSON.parse(body).error]).toEqual([
      400,
      expect.stringMatching(/^NOSCRIPT No matching script\./),
    ]);
  });

  test('a key of another type', async () => {
    await redis.lpush(key, 'a');
    const message = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(await answer(post('/', ['GET', key]))).toEqual([400, JSON.stringify({ error: message })]);
  });

  test('a failure within a transaction leaves the rest', async () => {
    const [status, body] = await answer(
      post('/multi-exec', [
        ['LPUSH', key, 'a'],
        ['GET', key],
        ['LLEN', key],
      ]),
    );
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual([
      { result: 1 },
      { error: expect.stringMatching(/^WRONGTYPE /) },
      { result: 1 },
    ]);
  });

  test('a transaction with a command that does not exist fails as a whole', async () => {
    const [status, body] = await answer(post('/multi-exec', [['SET', key, 'a'], ['NOSUCH']]));
    expect([status, JSON.parse(body).error]).toEqual([400, expect.stringMatching(/^EXECABORT /)]);
    expect(await redis.get(key)).toBeNull();
  });
});

describe('values', () => {
  test('integers beyond 2^53 are exact, both ways', async () => {
    const set = send('/', { method: 'POST', body: `["SET", "${key}", 9007199254740993]` });
    expect(await answer(set)).toEqual([200, '{"result":"OK"}']);
    expect(await answer(post('/', ['INCRBY', key, '0']))).toEqual([200, '{"result":9007199254740993}']);
    expect(await answer(post('/', ['DECRBY', key, '9007199254740994']))).toEqual([200, '{"result":-1}']);
  });

  test('bytes survive in base64 and are replaced in plain text', async () => {
    const bytes = Buffer.from([0, 255, 254, 10, 13, 128]);
    const path = `/set/${encodeURIComponent(key)}?EX=100`;
    expect(await answer(send(path, { method: 'POST', body: bytes }))).toEqual([200, '{"result":"OK"}']);
    const encoded = post('/', ['GET', key], { 'Upstash-Encoding': 'base64' });
    expect(await answer(encoded)).toEqual([200, JSON.stringify({ result: bytes.toString('base64') })]);
    const decoded = post('/', ['GET', key]);
    expect(await answer(decoded)).toEqual([200, JSON.stringify({ result: bytes.toString() })]);
    expect(await redis.ttl(key)).toBe(100);
  });

  test('fields named as a hash are not turned into objects', async () => {
    await redis.hset(key, { a: '1', b: '2' });
    expect(await answer(post('/', ['hgetall', key]))).toEqual([200, '{"result":["a","1","b","2"]}']);
  });

  test('booleans and fractions are sent as written', async () => {
    await answer(send('/', { method: 'POST', body: `["RPUSH", "${key}", true, 1.0, 1e3]` }));
    expect(await answer(post('/', ['LRANGE', key, 0, -1]))).toEqual([200, '{"result":["true","1.0","1e3"]}']);
  });
});

describe('the path form', () => {
  test('takes the words of a command from the path and the query', async () => {
    const name = encodeURIComponent(`${key}/ü`);
    expect(await answer(send(`/set/${name}/a%20b?EX=100&NX`))).toEqual([200, '{"result":"OK"}']);
    expect(await answer(send(`/get/${name}`, { method: 'PUT' }))).toEqual([200, '{"result":"a b"}']);
    expect(await answer(send(`/ttl/${name}`))).toEqual([200, '{"result":100}']);
  });

  test('refuses broken percent-encoding', async () => {
    expect((await answer(send('/get/%ff')))[0]).toBe(400);
  });
});

describe('the token', () => {
  test.each<[string, string, Record<string, string>]>([
    ['missing', '', {}],
    ['wrong', '', { authorization: 'Bearer wrong' }],
    ['of another scheme', '', { authorization: `Basic ${token}` }],
    ['wrong in the query', '?_token=wrong', {}],
  ])('%s is 401', async (_name, query, headers) => {
    const init = { method: 'POST', body: '["PING"]', headers };
    expect(await answer(fetch(`${bridge.url}/${query}`, init))).toEqual([401, '{"error":"Unauthorized"}']);
  });

  test('is taken from the query too', async () => {
    const query = new URLSearchParams({ _token: token });
    expect(await answer(fetch(`${bridge.url}/ping?${query}`))).toEqual([200, '{"result":"PONG"}']);
  });
});

describe('bad requests are refused', () => {
  test.each([
    ['no JSON', '/', '{'],
    ['an empty body', '/', ''],
    ['an empty command', '/', '[]'],
    ['an empty name', '/', '[""]'],
    ['an object', '/', '{"a":1}'],
    ['a nested array', '/', '["SET",["a"]]'],
    ['an object as argument', '/', '["SET",{"a":1}]'],
    ['null as argument', '/', '["SET",null]'],
    ['an empty pipeline', '/pipeline', '[]'],
    ['a flat pipeline', '/pipeline', '["GET","a"]'],
    ['an empty command in a pipeline', '/pipeline', '[["PING"],[]]'],
    ['an object for a transaction', '/multi-exec', '{}'],
    ['too large a body', '/', `["PING","${'x'.repeat(10 * 1024 * 1024)}"]`],
  ])('%s', async (_name, path, body) => {
    const [status, text] = await answer(send(path, { method: 'POST', body }));
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.any(String) }]);
  });

  test('another method', async () => {
    expect((await answer(send('/', { method: 'DELETE' })))[0]).toBe(405);
    expect((await answer(send('/pipeline')))[0]).toBe(405);
  });

  test('another response format', async () => {
    expect((await answer(post('/', ['PING'], { 'Upstash-Response-Format': 'resp2' })))[0]).toBe(400);
  });

  test.each([
    [['SUBSCRIBE', 'a']],
    [['monitor']],
    [['BLPOP', 'a', 0]],
    [['XREAD', 'BLOCK', 0, 'STREAMS', 'a', '$']],
    [['MULTI']],
    [['SELECT', 1]],
    [['CLIENT', 'REPLY', 'OFF']],
    [['QUIT']],
  ])('%j, since one connection is shared', async (command) => {
    const [status, text] = await answer(post('/', command));
    expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining('is not available')]);
    const list = await answer(post('/pipeline', [command, ['PING', 'a']]));
    expect(JSON.parse(list[1])).toEqual([{ error: expect.any(String) }, { result: 'a' }]);
    expect((await answer(post('/multi-exec', [command, ['PING', 'a']])))[0]).toBe(400);
  });

  test('but not a stream of that name', async () => {
    expect(await answer(post('/', ['XREAD', 'STREAMS', 'BLOCK', '0']))).toEqual([200, '{"result":null}']);
  });
});

test('transactions of many callers do not mix', async () => {
  const calls = Array.from({ length: 50 }, () =>
    Promise.all([redis.multi().incr(key).incr(key).incr(key).exec<number[]>(), redis.incr(`${key}:other`)]),
  );
  const triples = (await Promise.all(calls)).map(([triple]) => triple);
  for (const [first = 0, second, third] of triples) expect([second, third]).toEqual([first + 1, first + 2]);
  expect(await redis.get(key)).toBe('150');
});

describe('counts', () => {
  async function startCounted(): Promise<Bridge> {
    const counted = await startUpstashBridge({ port: 0, redisUrl: redisUrl(), token });
    onTestFinished(() => counted.close());
    return counted;
  }

  test('requests with commands, and commands by name', async () => {
    const counted = await startCounted();
    const sdk = client(counted, { responseEncoding: 'base64' });
    await sdk.set(key, 'a');
    await sdk.pipeline().get(key).get(key).exec();
    await sdk.multi().get(key).del(key).exec();
    await send('/ping/a', { at: counted });
    await send('/', { at: counted, method: 'POST', body: '{' });
    const counts = { requests: 4, commands: { SET: 1, GET: 3, DEL: 1, PING: 1 } };
    expect(counted.counts()).toEqual(counts);
    expect(await fetch(`${counted.url}/stats`).then((response) => response.json())).toEqual(counts);
  });

  test('start again at a reset', async () => {
    const counted = await startCounted();
    await send('/ping/a', { at: counted });
    await fetch(`${counted.url}/stats/reset`, { method: 'POST' });
    expect(counted.counts()).toEqual({ requests: 0, commands: {} });
  });
});

describe('when Redis', () => {
  test('is away the answer is an error, and the next is right once it is back', async () => {
    const first = await startRedis({ port: 0 });
    const over = await startUpstashBridge({ port: 0, redisUrl: first.url, token });
    onTestFinished(() => over.close());
    expect(await answer(send('/set/a/b', { at: over }))).toEqual([200, '{"result":"OK"}']);

    await first.close();
    for (const path of ['/', '/pipeline', '/multi-exec']) {
      const body = path === '/' ? '["GET","a"]' : '[["GET","a"]]';
      const [status, text] = await answer(send(path, { at: over, method: 'POST', body }));
      expect([status, JSON.parse(text).error]).toEqual([
        503,
        expect.stringContaining('could not reach Redis'),
      ]);
    }

    const second = await startRedis({ port: first.port });
    onTestFinished(() => second.close());
    expect(await answer(send('/get/a', { at: over }))).toEqual([200, '{"result":null}']);
  });

  test('never answers, closing ends the requests under way', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const asked = new Promise((resolve) => silent.once('connection', resolve));
    const { port } = silent.address() as AddressInfo;
    const over = await startUpstashBridge({ port: 0, redisUrl: `redis://127.0.0.1:${port}`, token });
    const pending = send('/get/a', { at: over });
    const failure = expect(pending).rejects.toThrow('fetch failed');
    await asked;
    await over.close();
    await failure;
  });
});

test('a port in use is the listen error', async () => {
  const taken = startUpstashBridge({ port: bridge.port, redisUrl: redisUrl(), token });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

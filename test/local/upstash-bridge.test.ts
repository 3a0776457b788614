import type { Redis } from '@upstash/redis';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answer, connect, post, send, useUpstashBridge } from '../support/local/upstash.ts';

const session = useUpstashBridge();
let redis: Redis;
let plain: Redis;
let key: string;

beforeAll(() => {
  redis = connect(session.bridge);
  plain = connect(session.bridge, false);
});

beforeEach(() => {
  key = session.newKey();
});

describe.each([
  { encoding: 'base64', sdk: () => redis },
  { encoding: 'none', sdk: () => plain },
])('the client with encoding $encoding', ({ sdk }) => {
  test('sets and gets', async () => {
    expect(await sdk().set(key, 'Füße 🦶 "quoted"\n\0', { ex: 100 })).toBe('OK');
    expect(await sdk().get(key)).toBe('Füße 🦶 "quoted"\n\0');
    const ttlS = await sdk().ttl(key);
    expect(ttlS > 0 && ttlS <= 100).toBe(true);
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
    expect(results[1].error).toBe('ERR value is not an integer or out of range');
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
    const [status, body] = await answer(post(session.bridge, '/', ['EVALSHA', sha, 0]));
    expect([status, JSON.parse(body).error]).toEqual([
      400,
      expect.stringMatching(/^NOSCRIPT No matching script\./),
    ]);
  });

  test('a key of another type', async () => {
    await redis.lpush(key, 'a');
    const message = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(await answer(post(session.bridge, '/', ['GET', key]))).toEqual([
      400,
      JSON.stringify({ error: message }),
    ]);
  });

  test('a failure within a transaction leaves the rest', async () => {
    const [status, body] = await answer(
      post(session.bridge, '/multi-exec', [
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
    const [status, body] = await answer(post(session.bridge, '/multi-exec', [['SET', key, 'a'], ['NOSUCH']]));
    expect([status, JSON.parse(body).error]).toEqual([400, expect.stringMatching(/^EXECABORT /)]);
    expect(await redis.get(key)).toBeNull();
  });
});

describe('values', () => {
  test('integers beyond 2^53 are exact, both ways', async () => {
    const set = send(session.bridge, '/', { method: 'POST', body: `["SET", "${key}", 9007199254740993]` });
    expect(await answer(set)).toEqual([200, '{"result":"OK"}']);
    expect(await answer(post(session.bridge, '/', ['INCRBY', key, '0']))).toEqual([
      200,
      '{"result":9007199254740993}',
    ]);
    expect(await answer(post(session.bridge, '/', ['DECRBY', key, '9007199254740994']))).toEqual([
      200,
      '{"result":-1}',
    ]);
  });

  test('bytes survive in base64 and are replaced in plain text', async () => {
    const bytes = Buffer.from([0, 255, 254, 10, 13, 128]);
    const path = `/set/${encodeURIComponent(key)}?EX=100`;
    expect(await answer(send(session.bridge, path, { method: 'POST', body: bytes }))).toEqual([
      200,
      '{"result":"OK"}',
    ]);
    const encoded = post(session.bridge, '/', ['GET', key], { 'Upstash-Encoding': 'base64' });
    expect(await answer(encoded)).toEqual([200, JSON.stringify({ result: bytes.toString('base64') })]);
    const decoded = post(session.bridge, '/', ['GET', key]);
    expect(await answer(decoded)).toEqual([200, JSON.stringify({ result: bytes.toString() })]);
    const ttlS = await redis.ttl(key);
    expect(ttlS > 0 && ttlS <= 100).toBe(true);
  });

  test('in base64 a reply OK stays, and a text OK among others is encoded', async () => {
    const encoding = { 'Upstash-Encoding': 'base64' };
    expect(await answer(post(session.bridge, '/', ['SET', key, 'OK'], encoding))).toEqual([
      200,
      '{"result":"OK"}',
    ]);
    const texts = JSON.stringify({ result: [Buffer.from('OK').toString('base64')] });
    expect(await answer(post(session.bridge, '/', ['MGET', key], encoding))).toEqual([200, texts]);
  });

  test('fields named as a hash are not turned into objects', async () => {
    await redis.hset(key, { a: '1', b: '2' });
    expect(await answer(post(session.bridge, '/', ['hgetall', key]))).toEqual([
      200,
      '{"result":["a","1","b","2"]}',
    ]);
  });

  test('booleans and fractions are sent as written', async () => {
    await answer(send(session.bridge, '/', { method: 'POST', body: `["RPUSH", "${key}", true, 1.0, 1e3]` }));
    expect(await answer(post(session.bridge, '/', ['LRANGE', key, 0, -1]))).toEqual([
      200,
      '{"result":["true","1.0","1e3"]}',
    ]);
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

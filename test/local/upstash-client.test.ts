import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Redis } from '@upstash/redis/cloudflare';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeScript } from '../../src/cache/script.ts';
import { makeUpstash } from '../../src/cache/upstash.ts';
import { token, useUpstashBridge } from './upstash.ts';

const session = useUpstashBridge();
const DEADLINE_MS = 10_000;

/** Upstash's own client, and the Worker's. */
function makeClients(url = session.bridge.url, deadlineMs = DEADLINE_MS) {
  const theirs = new Redis({
    url,
    token,
    signal: () => AbortSignal.timeout(deadlineMs),
    retry: { retries: 0 },
    automaticDeserialization: false,
    responseEncoding: false,
    readYourWrites: false,
    enableTelemetry: false,
    enableAutoPipelining: true,
  });
  return { theirs, ours: makeUpstash({ url, token, deadlineMs }) };
}

/** A script that no Redis knows yet. */
const newScript = (text: string) => makeScript(`-- ${crypto.randomUUID()}\n${text}`);

describe('both clients answer the same', () => {
  test.each([
    ['return nil'],
    ['return false'],
    ['return true'],
    ['return 42'],
    ['return -9007199254740991'],
    [`return ''`],
    [`return '42'`],
    [`return '{"a":1}'`],
    [`return 'Füße 🦶'`],
    [`return redis.status_reply('OK')`],
    ['return {}'],
    [`return {'hit', '', 1, {'x', {'y'}}, false}`],
    ['return {KEYS[1], ARGV[1], ARGV[2], #KEYS, #ARGV}'],
  ])('to %s', async (text) => {
    const { theirs, ours } = makeClients();
    const args: [string[], string[]] = [[session.newKey()], ['Ä"\\\n', '']];
    const script = newScript(text);
    // By EVAL, for Redis does not know it, and then by EVALSHA.
    const first = await ours.run(script, ...args);
    expect(first).toEqual(await theirs.evalsha(await script.sha1(), ...args));
    expect(await ours.run(script, ...args)).toEqual(first);
  });

  test('to PING', async () => {
    const { theirs, ours } = makeClients();
    expect(await ours.ping()).toEqual(await theirs.ping());
  });
});

describe('both clients fail alike', () => {
  test.each([
    [`return redis.error_reply('OOM no room for secret')`],
    [`return redis.call('GET')`],
    [`return redis.error_reply('ERR the payload holds NOSCRIPT')`],
    ['return (('],
  ])('at %s', async (text) => {
    const { theirs, ours } = makeClients();
    const script = newScript(text);
    await expect(theirs.eval(script.text, [], [])).rejects.toThrow(/./);
    await expect(ours.run(script, [], [])).rejects.toThrow('Redis refused the command');
  });

  test('at another token', async () => {
    const { url } = session.bridge;
    await expect(makeUpstash({ url, token: 'other', deadlineMs: DEADLINE_MS }).ping()).rejects.toThrow(
      'Redis did not answer',
    );
  });

  test.each([
    [500, '{"error":"sorry"}'],
    [500, '[{"result":1}]'],
    [200, ''],
    [200, 'null'],
    [200, '{}'],
    [200, '[]'],
    [200, '[{"result":1}'],
    [200, '[{"result":1},{"result":1}]'],
    [200, '[null]'],
    [200, '["OK"]'],
    [200, '[{}]'],
    [200, '[{"error":"ERR"}]'],
    [200, '[{"error":"ERR a NOSCRIPT further on"}]'],
  ])('at the status %i and %j', async (status, body) => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.writeHead(status).end(body);
    });
    const { ours } = makeClients(url);
    await expect(ours.run(newScript('return 1'), [], [])).rejects.toThrow(/^Redis (did not answer|refused)/);
    expect(requests).toBe(1);
  });

  test('past the deadline, for which the cause stands', async () => {
    const { ours } = makeClients(await serve(() => {}), 1);
    const failure = await ours.ping().catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'RedisError', cause: { name: 'TimeoutError' } });
  });

  test('without a word of what was asked', async () => {
    const { ours } = makeClients();
    const failure = await ours
      .run(newScript(`return redis.error_reply(ARGV[1])`), ['the key'], ['the secret'])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toHaveProperty('cause');
    expect(String(failure)).not.toContain('the secret');
  });
});

describe('both clients ask the same', () => {
  /** What the work of each client posts, given its replies. */
  async function requestsOf(work: (clients: ReturnType<typeof makeClients>) => readonly Promise<unknown>[]) {
    const asked: unknown[] = [];
    const note = async (request: IncomingMessage) => {
      const commands = await json(request);
      const { authorization, 'content-type': type } = request.headers;
      asked.push([request.method, request.url, authorization, type, commands]);
      return JSON.stringify(Array.from(commands as unknown[], () => ({ result: 'OK' })));
    };
    const url = await serve((request, response) => {
      void note(request).then((replies) => response.end(replies));
    });
    await Promise.all(work(makeClients(url)));
    return asked;
  }

  const script = newScript('return 1');

  test('one call', async () => {
    const sha1 = await script.sha1();
    const args: [string[], string[]] = [
      ['k1', 'k2'],
      ['a', '2'],
    ];
    const theirs = await requestsOf((clients) => [clients.theirs.evalsha(sha1, ...args)]);
    expect(theirs).toMatchObject([
      ['POST', '/pipeline', `Bearer ${token}`, 'application/json', [{ 0: 'evalsha' }]],
    ]);
    const ours = await requestsOf((clients) => [clients.ours.run(script, ...args)]);
    expect(inUpperCase(ours)).toEqual(inUpperCase(theirs));
  });

  test('calls of one tick, in one request and in order', async () => {
    const keys = ['a', 'b', 'c'];
    const sha1 = await script.sha1();
    const theirs = await requestsOf((clients) => keys.map((key) => clients.theirs.evalsha(sha1, [key], [])));
    const ours = await requestsOf((clients) => keys.map((key) => clients.ours.run(script, [key], [])));
    expect(inUpperCase(ours)).toEqual(inUpperCase(theirs));
    expect(ours).toHaveLength(1);
  });

  // Names of commands have no case; numbers are their digits.
  const inUpperCase = (asked: unknown) =>
    JSON.stringify(asked)
      .toUpperCase()
      .replaceAll(/"(\d+)"/g, '$1');
});

test('a call after an answer is a request of its own, and each gets its own reply', async () => {
  const { ours } = makeClients();
  const script = newScript('return ARGV[1]');
  const before = session.bridge.counts().requests;
  expect(await ours.run(script, [], ['0'])).toBe('0');
  expect(await Promise.all(['1', '2', '3'].map((arg) => ours.run(script, [], [arg])))).toEqual([
    '1',
    '2',
    '3',
  ]);
  // The first twice, since Redis did not know the script.
  expect(session.bridge.counts().requests - before).toBe(3);
});

test('no redirect is followed: whoever it names does not get to see the commands', async () => {
  const reached: unknown[] = [];
  const location = await serve((request, response) => {
    reached.push(request.headers);
    response.end('[{"result":"PONG"}]');
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve((_request, response) => response.writeHead(status, { location }).end());
    await expect(makeClients(url).ours.ping()).rejects.toThrow('Redis did not answer');
  }
  expect(reached).toEqual([]);
});

test('a slash at the end of the URL is one too many', async () => {
  expect(await makeClients(`${session.bridge.url}/`).ours.ping()).toBe('PONG');
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeScript } from '../../src/cache/shared/scripts/script.ts';
import { makeUpstash } from '../../src/cache/shared/upstash.ts';
import { connect, token, useUpstashBridge } from '../support/local/upstash.ts';

const session = useUpstashBridge();
const DEADLINE_MS = 10_000;

const makeClient = (url = session.bridge.url, deadlineMs = DEADLINE_MS) =>
  makeUpstash({ url, token, deadlineMs });

/** A script that no Redis knows yet. */
const newScript = (text: string) => makeScript(`-- ${crypto.randomUUID()}\n${text}`);

describe('a reply comes as Redis has it', () => {
  const KEY = 'the key';

  test.each<[string, unknown]>([
    ['return nil', null],
    ['return false', null],
    ['return true', 1],
    ['return 42', 42],
    ['return -9007199254740991', -9007199254740991],
    [`return ''`, ''],
    [`return '42'`, '42'],
    [`return '9007199254740993'`, '9007199254740993'],
    [`return 'null'`, 'null'],
    [`return '{"a":1}'`, '{"a":1}'],
    [`return 'Füße 🦶'`, 'Füße 🦶'],
    [`return redis.status_reply('OK')`, 'OK'],
    ['return {}', []],
    [`return {'hit', '', 1, {'x', {'y'}}, false}`, ['hit', '', 1, ['x', ['y']], null]],
    [`return {'12', '{"a":[1.0]}', {'true', '1e3'}}`, ['12', '{"a":[1.0]}', ['true', '1e3']]],
    ['return {KEYS[1], ARGV[1], ARGV[2], #KEYS, #ARGV}', [KEY, 'Ä"\\\n', '', 1, 2]],
  ])('to %s', async (text, expected) => {
    const { run } = makeClient();
    const script = newScript(text);
    // The client sends EVAL first, because Redis does not know the script, and then EVALSHA.
    for (const _ of ['EVAL', 'EVALSHA']) expect(await run(script, [KEY], ['Ä"\\\n', ''])).toEqual(expected);
  });

  test.each(['text', '42', '9007199254740993', '{"a":1}', 'null', ''])('to GET of %j', async (text) => {
    const key = session.newKey();
    await connect(session.bridge).set(key, text);
    expect(await makeClient().get(key)).toBe(text);
  });

  test('to GET of nothing, and to PING', async () => {
    expect(await makeClient().get(session.newKey())).toBeNull();
    expect(await makeClient().ping()).toBe('PONG');
  });
});

describe('an error', () => {
  test.each([
    [`return redis.error_reply('OOM no room for secret')`],
    [`return redis.call('GET')`],
    [`return redis.error_reply('ERR the payload holds NOSCRIPT')`],
    ['return (('],
  ])('at %s is a refusal', async (text) => {
    await expect(makeClient().run(newScript(text), [], [])).rejects.toThrow('Redis refused the command');
  });

  test('at another token is an outage', async () => {
    const { url } = session.bridge;
    await expect(makeUpstash({ url, token: 'other', deadlineMs: DEADLINE_MS }).ping()).rejects.toThrow(
      'Redis did not answer',
    );
  });

  test.each([
    [500, '{"error":"sorry"}'],
    [500, '[{"result":1}]'],
    [429, '{"error":"too many"}'],
    [200, ''],
    [200, 'null'],
    [200, '{}'],
    [200, '[]'],
    [200, '[{"result":1}'],
    [200, '[{"result":1},{"result":1}]'],
    [200, '[null]'],
    [200, '["OK"]'],
    [200, '[{}]'],
    [200, '[{"error":""}]'],
    [200, '[{"error":"ERR"}]'],
    [200, '[{"error":"ERR a NOSCRIPT further on"}]'],
  ])('is what the status %i and %j are, after one attempt', async (status, body) => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.writeHead(status).end(body);
    });
    const failure = await makeClient(url)
      .run(newScript('return 1'), [], [])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'RedisError',
      message: expect.stringMatching(/^Redis (did|refused)/),
    });
    expect(requests).toBe(1);
  });

  test('is what a connection that breaks is, after one attempt', async () => {
    let requests = 0;
    const url = await serve((request) => {
      requests += 1;
      request.socket.destroy();
    });
    await expect(makeClient(url).ping()).rejects.toThrow('Redis did not answer');
    expect(requests).toBe(1);
  });

  test('of one command leaves the others of the request their replies', async () => {
    const url = await serve((_request, response) =>
      response.end(
        '[{"result":"1"},null,{"error":"ERR"},{"result":"4"},{"error":{"code":1}},{"result":"6","error":null}]',
      ),
    );
    const { get } = makeClient(url);
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => get(key)));
    expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual([
      '1',
      'refused',
      'refused',
      '4',
      'refused',
      '6',
    ]);
  });

  test('past the deadline has it for its cause, before the answer and within it', async () => {
    const late = [
      await serve(() => {}),
      await serve((_request, response) => void response.writeHead(200).write('[{"result":')),
    ];
    for (const url of late) {
      const failure = await makeClient(url, 1)
        .ping()
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: 'RedisError', cause: { name: 'TimeoutError' } });
    }
  });

  test('has no word of what was asked', async () => {
    const failure = await makeClient()
      .run(newScript(`return redis.error_reply(ARGV[1])`), ['the key'], ['the secret'])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toHaveProperty('cause');
    expect(String(failure)).not.toContain('the secret');
    const url = await serve((_request, response) => response.writeHead(400).end('{"error":"the secret"}'));
    const outage = await makeClient(url)
      .get('the secret')
      .catch((error: unknown) => error);
    expect(outage).toMatchObject({ cause: { message: 'Upstash answered with status 400' } });
    expect(String(outage)).not.toContain('the secret');
  });
});

describe('what is asked', () => {
  /** The requests that the client posts for this work. Every command is answered OK. */
  async function requestsOf(work: (client: ReturnType<typeof makeClient>) => readonly Promise<unknown>[]) {
    const asked: { request: unknown[]; headers: IncomingMessage['headers'] }[] = [];
    const note = async (request: IncomingMessage) => {
      const commands = await json(request);
      asked.push({ request: [request.method, request.url, commands], headers: request.headers });
      return JSON.stringify(Array.from(commands as unknown[], () => ({ result: 'OK' })));
    };
    const url = await serve((request, response) => {
      void note(request).then((replies) => response.end(replies));
    });
    await Promise.all(work(makeClient(url)));
    return asked;
  }

  const script = newScript('return 1');

  test('is a command as a list, with the token and nothing about who asks', async () => {
    const [asked] = await requestsOf(({ run }) => [run(script, ['k1', 'k2'], ['a', '2'])]);
    const command = ['evalsha', await script.sha1(), 2, 'k1', 'k2', 'a', '2'];
    expect(asked?.request).toEqual(['POST', '/pipeline', [command]]);
    expect(asked?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    });
    expect(Object.keys(asked?.headers ?? {}).filter((name) => name.startsWith('upstash'))).toEqual([]);
  });

  test('in one tick is one request, in order, also of a script whose digest is not known yet', async () => {
    const keys = ['a', 'b', 'c'];
    const unheardOf = newScript('return 2');
    const asked = await requestsOf(({ run }) => keys.map((key) => run(unheardOf, [key], [])));
    const sha1 = await unheardOf.sha1();
    expect(asked.map(({ request }) => request)).toEqual([
      ['POST', '/pipeline', keys.map((key) => ['evalsha', sha1, 1, key])],
    ]);
  });

  test('of health is one request', async () => {
    const asked = await requestsOf(({ ping, get }) => [ping(), get('k')]);
    expect(asked.map(({ request }) => request)).toEqual([['POST', '/pipeline', [['ping'], ['get', 'k']]]]);
  });
});

test('a call after an answer is a request of its own, and each gets its own reply', async () => {
  const { run } = makeClient();
  const script = newScript('return ARGV[1]');
  const before = session.bridge.counts().requests;
  expect(await run(script, [], ['0'])).toBe('0');
  expect(await Promise.all(['1', '2', '3'].map((arg) => run(script, [], [arg])))).toEqual(['1', '2', '3']);
  // The first script goes twice, because Redis did not know it.
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
    await expect(makeClient(url).ping()).rejects.toThrow('Redis did not answer');
  }
  expect(reached).toEqual([]);
});

test('a slash at the end of the URL is one too many', async () => {
  expect(await makeClient(`${session.bridge.url}/`).ping()).toBe('PONG');
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

import { createServer, type AddressInfo, type Server } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../../local/redis.ts';
import { startUpstashBridge } from '../../local/upstash-bridge.ts';
import {
  answer,
  type Bridge,
  connect,
  post,
  send,
  token,
  useUpstashBridge,
} from '../support/local/upstash.ts';

const session = useUpstashBridge();
let key: string;

beforeEach(() => {
  key = session.newKey();
});

describe('the path form', () => {
  test('takes the words of a command from the path and the query', async () => {
    const name = encodeURIComponent(`${key}/ü`);
    expect(await answer(send(session.bridge, `/set/${name}/a%20b?EX=100&NX`))).toEqual([
      200,
      '{"result":"OK"}',
    ]);
    expect(await answer(send(session.bridge, `/get/${name}`, { method: 'PUT' }))).toEqual([
      200,
      '{"result":"a b"}',
    ]);
    expect(await answer(send(session.bridge, `/ttl/${name}`))).toEqual([200, '{"result":100}']);
  });

  test('refuses broken percent-encoding', async () => {
    expect((await answer(send(session.bridge, '/get/%ff')))[0]).toBe(400);
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
    expect(await answer(fetch(`${session.bridge.url}/${query}`, init))).toEqual([
      401,
      '{"error":"Unauthorized"}',
    ]);
  });

  test('is taken from the query too', async () => {
    const query = new URLSearchParams({ _token: token });
    expect(await answer(fetch(`${session.bridge.url}/ping?${query.toString()}`))).toEqual([
      200,
      '{"result":"PONG"}',
    ]);
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
    const [status, text] = await answer(send(session.bridge, path, { method: 'POST', body }));
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.any(String) }]);
  });

  test('another method', async () => {
    expect((await answer(send(session.bridge, '/', { method: 'DELETE' })))[0]).toBe(405);
    expect((await answer(send(session.bridge, '/pipeline')))[0]).toBe(405);
  });

  test('another response format', async () => {
    expect(
      (await answer(post(session.bridge, '/', ['PING'], { 'Upstash-Response-Format': 'resp2' })))[0],
    ).toBe(400);
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
    const [status, text] = await answer(post(session.bridge, '/', command));
    expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining('is not available')]);
    const list = await answer(post(session.bridge, '/pipeline', [command, ['PING', 'a']]));
    expect(JSON.parse(list[1])).toEqual([{ error: expect.any(String) }, { result: 'a' }]);
    expect((await answer(post(session.bridge, '/multi-exec', [command, ['PING', 'a']])))[0]).toBe(400);
  });

  test('but not a stream of that name', async () => {
    expect(await answer(post(session.bridge, '/', ['XREAD', 'STREAMS', 'BLOCK', '0']))).toEqual([
      200,
      '{"result":null}',
    ]);
  });
});

describe('counts', () => {
  async function startCounted(): Promise<Bridge> {
    const counted = await startUpstashBridge({ port: 0, redisUrl: session.url, token });
    onTestFinished(() => counted.close());
    return counted;
  }

  test('requests with commands, and commands by name', async () => {
    const counted = await startCounted();
    const sdk = connect(counted);
    await sdk.set(key, 'a');
    await sdk.pipeline().get(key).get(key).exec();
    await sdk.multi().get(key).del(key).exec();
    await send(counted, '/ping/a');
    await send(counted, '/', { method: 'POST', body: '{' });
    const counts = { requests: 4, commands: { SET: 1, GET: 3, DEL: 1, PING: 1 } };
    expect(counted.counts()).toEqual(counts);
    expect(await fetch(`${counted.url}/stats`).then((response) => response.json())).toEqual(counts);
  });

  test('start again at a reset', async () => {
    const counted = await startCounted();
    await send(counted, '/ping/a');
    await fetch(`${counted.url}/stats/reset`, { method: 'POST' });
    expect(counted.counts()).toEqual({ requests: 0, commands: {} });
  });
});

describe('when Redis', () => {
  async function listen(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  test('is away the answer is an error, and the next is right once it is back', async () => {
    const first = await startRedis({ port: 0 });
    const over = await startUpstashBridge({ port: 0, redisUrl: first.url, token });
    onTestFinished(() => over.close());
    expect(await answer(send(over, '/set/a/b'))).toEqual([200, '{"result":"OK"}']);

    await first.close();
    for (const path of ['/', '/pipeline', '/multi-exec']) {
      const body = path === '/' ? '["GET","a"]' : '[["GET","a"]]';
      const [status, text] = await answer(send(over, path, { method: 'POST', body }));
      expect([status, JSON.parse(text).error]).toEqual([
        503,
        expect.stringContaining('could not reach Redis'),
      ]);
    }

    const second = await startRedis({ port: first.port });
    onTestFinished(() => second.close());
    expect(await answer(send(over, '/get/a'))).toEqual([200, '{"result":null}']);
  });

  test('is lost while it has a command, the command is not sent again', async () => {
    let received = 0;
    const losing = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        if (data.includes('INCR')) {
          received += 1;
          socket.destroy();
        } else {
          socket.write(data.includes('info') ? '$0\r\n\r\n' : '+OK\r\n');
        }
      });
    });
    const over = await startUpstashBridge({
      port: 0,
      redisUrl: `redis://127.0.0.1:${await listen(losing)}`,
      token,
    });
    onTestFinished(() => over.close());
    expect((await answer(send(over, '/incr/a')))[0]).toBe(503);
    expect(await answer(send(over, '/get/a'))).toEqual([200, '{"result":"OK"}']);
    expect(received).toBe(1);
  });

  test('never answers, closing ends the requests under way', async () => {
    const silent = createServer();
    const port = await listen(silent);
    const asked = new Promise((resolve) => silent.once('connection', resolve));
    const over = await startUpstashBridge({ port: 0, redisUrl: `redis://127.0.0.1:${port}`, token });
    const failure = send(over, '/get/a').catch(String);
    await asked;
    await over.close();
    expect(await failure).toContain('fetch failed');
  });
});

test('a port in use is the listen error', async () => {
  const taken = startUpstashBridge({ port: session.bridge.port, redisUrl: session.url, token });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { makeSharedStore } from '../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../src/cache/shared/upstash.ts';
import { upstashFaults } from '../../local/upstash-faults.ts';
import { answer, connect, post, send, token, useUpstashBridge } from '../support/local/upstash.ts';

const session = useUpstashBridge();
let key: string;

beforeEach(() => {
  key = session.newKey();
});

function setFaults(...faults: object[]): void {
  session.bridge.setFaults({ faults });
  onTestFinished(() => void session.bridge.setFaults({ faults: [] }));
}

/** The outcome of the client's call: a value, or an error's message. */
function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch(String);
}

describe('the client', () => {
  test.each([
    [{ kind: 'refuse' }, /fetch failed/],
    [{ kind: 'refuse', moment: 'after' }, /fetch failed/],
    [{ kind: 'reset' }, /terminated/],
    [{ kind: 'truncated-json' }, /JSON/],
    [{ kind: 'status', status: 500 }, /a fault answers 500/],
    [{ kind: 'status', status: 429 }, /a fault answers 429/],
    [{ kind: 'wrong-json', variant: 'text' }, /did not return a result/],
    [{ kind: 'wrong-json', variant: 'null' }, /null/],
  ])('under %j fails', async (fault, reason) => {
    setFaults(fault);
    const outcome = await outcomeOf(connect(session.bridge).set(key, 'a'));
    expect(String(outcome)).toMatch(reason);
  });

  test('under wrong JSON gets what nobody stored', async () => {
    setFaults({ kind: 'wrong-json', variant: 'number-result' });
    expect(await connect(session.bridge).get(key)).toBe(42);
  });

  test('under wrong base64 gets text for base64, and base64 for text', async () => {
    await connect(session.bridge).set(key, 'text');
    setFaults({ kind: 'wrong-base64' });
    expect(await connect(session.bridge, false).get(key)).toBe('dGV4dA==');
    // The plain value would be no base64 in general, but these four letters are valid base64.
    expect(await connect(session.bridge, 'base64').get(key)).not.toBe('text');
  });

  test('under a delay waits, and gets the right answer', async () => {
    await connect(session.bridge).set(key, 'a');
    setFaults({ kind: 'delay', ms: 50 });
    const started = performance.now();
    expect(await connect(session.bridge).get(key)).toBe('a');
    // Timers of Node may fire a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(48);
  });

  test('hangs until it hangs up', async () => {
    setFaults({ kind: 'hang' });
    const signal = AbortSignal.timeout(50);
    await expect(send(session.bridge, `/get/${key}`, { signal })).rejects.toThrow('timeout');
  });

  test('is cut off after half of the body', async () => {
    await connect(session.bridge).set(key, 'x'.repeat(1_000));
    setFaults({ kind: 'reset' });
    const response = await send(session.bridge, `/get/${key}`);
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(507);
    await expect(reader?.read()).rejects.toThrow('terminated');
  });
});

test.each(Object.entries(upstashFaults.wrongBodies))('wrong JSON %s is %s', async (variant, body) => {
  setFaults({ kind: 'wrong-json', variant });
  expect(await answer(post(session.bridge, '/', ['PING']))).toEqual([200, body]);
});

test('wrong JSON of no variant is one of them at random', async () => {
  setFaults({ kind: 'wrong-json' });
  const pings = Array.from({ length: 100 }, async () => (await post(session.bridge, '/', ['PING'])).text());
  const bodies = new Set(await Promise.all(pings));
  expect(bodies.size).toBeGreaterThan(5);
  expect(Object.values(upstashFaults.wrongBodies)).toEqual(expect.arrayContaining([...bodies]));
});

test.each(['hang', 'refuse', 'status', 'wrong-json', 'delay'])(
  '%s strikes before the command is executed, or after',
  async (kind) => {
    const more = { delay: { ms: 10_000 }, status: { status: 500 } }[kind];
    for (const [moment, expected] of [
      ['before', null],
      ['after', '1'],
    ]) {
      setFaults({ kind, moment, ...more });
      await outcomeOf(send(session.bridge, `/incr/${key}`, { signal: AbortSignal.timeout(100) }));
      setFaults();
      expect(await connect(session.bridge).get(key)).toBe(expected);
    }
  },
);

describe('limited to a verb', () => {
  const asOfToday = { payload: '1', tags: ['a'], freshMs: 1_000, staleMs: 0 };
  const ask = {
    read: () => store().read(key, 'owner', 'any', null),
    async fill() {
      const reply = await store().read(key, 'owner', 'any', null);
      if (reply.status === 'hit' || !reply.asOf) throw new Error('expected an as-of');
      return store().fill(key, 'owner', { ...asOfToday, asOf: reply.asOf });
    },
    invalidate: () => store().invalidate(['a']),
    PING: () => makeUpstash(settings()).ping(),
  };
  const verbs = Object.keys(ask) as (keyof typeof ask)[];

  function settings() {
    return { url: session.bridge.url, token, deadlineMs: 10_000 };
  }

  function store() {
    return makeSharedStore(makeUpstash(settings()).run, { databaseId: key, variant: '1', leaseMs: 1_000 });
  }

  test.each(verbs)('%s fails and the others do not', async (verb) => {
    setFaults({ kind: 'status', status: 500, verbs: [verb] });
    for (const other of verbs.filter((name) => name !== verb && (verb !== 'read' || name !== 'fill')))
      await ask[other]();
    await expect(ask[verb]()).rejects.toThrow(/Redis did not answer|a fault answers 500/);
  });

  test('a request that carries several is struck for each', async () => {
    setFaults({ kind: 'status', status: 500, verbs: ['GET'] });
    const many = [
      ['PING', 'a'],
      ['GET', key],
    ];
    expect((await post(session.bridge, '/pipeline', many)).status).toBe(500);
    expect((await post(session.bridge, '/pipeline', [['PING', 'a']])).status).toBe(200);
  });
});

describe('the switches over HTTP', () => {
  const faults = (method: string, body: string | null = null) =>
    answer(fetch(`${session.bridge.url}/faults`, { method, body }));

  test('are set, shown with what they struck, and ended', async () => {
    const fault = { kind: 'status', status: 429, probability: 1, moment: 'before' };
    const report = (struck: number) => JSON.stringify({ seed: 7, faults: [{ ...fault, struck }] });
    const [status, body] = await faults('POST', '{"faults":[{"kind":"status","status":429}],"seed":7}');
    expect([status, JSON.parse(body)]).toEqual([200, JSON.parse(report(0))]);
    expect((await send(session.bridge, '/ping/a')).status).toBe(429);
    expect(JSON.parse((await faults('GET'))[1])).toEqual(JSON.parse(report(1)));
    expect(await faults('DELETE')).toEqual([200, expect.stringContaining('"faults":[]')]);
    expect((await send(session.bridge, '/ping/a')).status).toBe(200);
  });

  test('are refused with a reason', async () => {
    expect(await faults('POST', '{"faults":[{"kind":"explode"}]}')).toEqual([
      400,
      expect.stringContaining('faults: 0: kind'),
    ]);
    expect((await faults('POST', '{'))[0]).toBe(400);
    expect((await faults('PUT'))[0]).toBe(405);
  });

  test('a struck request is counted, a switch is not', async () => {
    const before = session.bridge.counts().requests;
    setFaults({ kind: 'status', status: 500 });
    await send(session.bridge, '/ping/a');
    await faults('GET');
    expect(session.bridge.counts().requests).toBe(before + 1);
  });
});

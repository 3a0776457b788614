import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { neonFaults } from '../../local/neon-faults.ts';
import { failureOf, postSql, useNeonBridge } from '../support/local/neon.ts';

const session = useNeonBridge();

beforeAll(async () => {
  await session.sql`create table shops (id int primary key, name text)`;
  await session.sql`insert into shops values (1, 'a')`;
});

function setFaults(...faults: object[]): void {
  session.bridge.setFaults({ faults });
  onTestFinished(() => void session.bridge.setFaults({ faults: [] }));
}

const insert = (id: number) => session.sql`insert into shops values (${id}, 'b')`;
const countShops = async (id: number) => (await session.sql`select 1 from shops where id = ${id}`).length;

describe('the client', () => {
  test.each([
    [{ kind: 'refuse' }, /fetch failed/],
    [{ kind: 'refuse', moment: 'after' }, /fetch failed/],
    [{ kind: 'status', status: 500 }, /a fault answers 500/],
    [{ kind: 'status', status: 429 }, /a fault answers 429/],
  ])('under %j fails', async (fault, reason) => {
    setFaults(fault);
    expect((await failureOf(session.sql`select 1`)).message).toMatch(reason);
  });

  test.each([
    [{ kind: 'reset' }, /terminated/],
    [{ kind: 'truncated-json' }, /JSON/],
    [{ kind: 'wrong-json', variant: 'null' }, /null/],
    [{ kind: 'wrong-json', variant: 'empty-object' }, /undefined/],
  ])('under %j fails', async (fault, reason) => {
    setFaults(fault);
    await expect(session.sql`select 1`).rejects.toThrow(reason);
  });

  test('under wrong JSON gets rows that nobody stored', async () => {
    setFaults({ kind: 'wrong-json', variant: 'one-column' });
    expect(await session.sql`select name from shops`).toEqual([{ id: 3 }]);
  });

  test('under wrong base64 gets base64 in place of every value', async () => {
    setFaults({ kind: 'wrong-base64' });
    const rows = await session.sql`select name, id, null as none from shops where id = 1`;
    expect(rows).toEqual([{ name: 'YQ==', id: NaN, none: null }]);
    const batch = await session.sql.transaction([session.sql`select name from shops where id = 1`]);
    expect(batch).toEqual([[{ name: 'YQ==' }]]);
  });

  test('under a delay waits, and gets the right answer', async () => {
    setFaults({ kind: 'delay', ms: 50 });
    const started = performance.now();
    expect(await session.sql`select name from shops where id = 1`).toEqual([{ name: 'a' }]);
    // Timers of Node may fire a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(48);
  });
});

test.each(Object.entries(neonFaults.wrongBodies))('wrong JSON %s is %s', async (variant, body) => {
  setFaults({ kind: 'wrong-json', variant });
  const response = await postSql(session, { query: 'select 1' });
  expect([response.status, await response.text()]).toEqual([200, body]);
});

test.each(['hang', 'refuse', 'status', 'wrong-json', 'delay'])(
  '%s strikes before the statement is executed, or after',
  async (kind) => {
    const more = { delay: { ms: 10_000 }, status: { status: 500 } }[kind];
    const id = 100 + kind.length;
    for (const [moment, expected] of [
      ['before', 0],
      ['after', 1],
    ]) {
      setFaults({ kind, moment, ...more });
      const query = `insert into shops values (${id}, 'b')`;
      await postSql(session, { query }, {}, { signal: AbortSignal.timeout(200) }).catch(() => {});
      setFaults();
      expect(await countShops(id)).toBe(expected);
      await session.sql`delete from shops where id = ${id}`;
    }
  },
);

describe('limited to a verb', () => {
  const ask = {
    statement: () => session.sql`select name from shops`,
    batch: () => session.sql.transaction([session.sql`select name from shops`]),
    probe: () => session.sql`select 1`,
  };
  const verbs = Object.keys(ask) as (keyof typeof ask)[];

  test.each(verbs)('%s fails and the others do not', async (verb) => {
    setFaults({ kind: 'status', status: 500, verbs: [verb] });
    for (const other of verbs.filter((name) => name !== verb)) await ask[other]();
    await expect(ask[verb]()).rejects.toThrow('a fault answers 500');
  });
});

test('a transaction whose answer is lost has been committed', async () => {
  setFaults({ kind: 'reset', verbs: ['batch'] });
  await expect(session.sql.transaction([insert(201), insert(202)])).rejects.toThrow('terminated');
  expect([await countShops(201), await countShops(202)]).toEqual([1, 1]);
});

test('a statement that fails while its answer is lost is lost all the same', async () => {
  setFaults({ kind: 'status', status: 503, moment: 'after' });
  expect((await failureOf(session.sql`select 1 / 0`)).message).toContain('a fault answers 503');
});

import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import worker from '../../../src/index.ts';
import { deleteOldRows, isRetentionDue, type RetentionBounds } from '../../../src/jobs/retention.ts';
import { countRequests, newIsolate, sql, type TestStack, useStack, whileAway } from '../../support/stack.ts';

const stack = useStack();
const HOUR_MS = 3_600_000;
const HOUR = new Date(100 * HOUR_MS);
/** The rows that an hour leaves at 14 writes a second. */
const AN_HOUR_OF_WRITES = 50_400;
const ONE_RUN = 30;
const BOUNDS: RetentionBounds = { portion: 10, maxPortions: 3, budgetMs: 1_000, now: () => 0 };

async function fire(scheduledTime: Date, { env }: TestStack = stack.current): Promise<void> {
  const ctx = createExecutionContext();
  await worker.scheduled(createScheduledController({ scheduledTime, cron: '* * * * *' }), env, ctx);
  await waitOnExecutionContext(ctx);
}

/** Runs retention alone, within bounds of its own. */
async function run(bounds: Partial<RetentionBounds> = {}): Promise<void> {
  const ctx = createExecutionContext();
  await deleteOldRows(stack.current.env, ctx, 'run', { ...BOUNDS, ...bounds });
  await waitOnExecutionContext(ctx);
}

const remember = (count: number, age: string) =>
  sql(
    stack.current,
    `insert into idempotency_keys (caller, key, request_sha256, created_at)
       select 'root', gen_random_uuid(), '', now() - $2::interval from generate_series(1, $1::int)`,
    count,
    age,
  );
const note = (count: number, age: string) =>
  sql(
    stack.current,
    `insert into audit_log (actor, request_id, action, entity, entity_id, changes, at)
       select 'root', '', 'update', 'user', n, '{}', now() - $2::interval from generate_series(1, $1::int) as n`,
    count,
    age,
  );
const count = async (table: string) => {
  const [row] = await sql<{ count: number }>(stack.current, `select count(*)::int from ${table}`);
  return row?.count;
};
const withDays = (days: string): TestStack => ({
  ...stack.current,
  env: { ...stack.current.env, AUDIT_RETENTION_DAYS: days },
});

beforeEach(() =>
  sql(
    stack.current,
    'truncate idempotency_keys, audit_log, audit_log_accounts, cache_invalidations, change_feed, deletions, deletion_rows',
  ),
);
afterEach(() => {
  vi.restoreAllMocks();
});

test('one minute of every hour is for retention, whatever its second', () => {
  for (let minute = -120; minute < 120; minute++) {
    const ms = HOUR.getTime() + minute * 60_000;
    for (const offset of [0, 1, 59_999]) expect(isRetentionDue(ms + offset)).toBe(minute % 60 === 0);
  }
});

test('creations are forgotten after 24 hours, and not before', async () => {
  await remember(3, '24 hours 1 second');
  await remember(2, '23 hours 59 minutes');
  await fire(HOUR);
  expect(await count('idempotency_keys')).toBe(2);
});

test('entries of the audit log leave the logs of accounts with it', async () => {
  await note(3, '400 days 1 minute');
  await note(2, '1 day');
  await sql(
    stack.current,
    'insert into audit_log_accounts (id, account_number, entity, at) select id, n::text, entity, at from audit_log, unnest(array[0, 1]) as n',
  );
  await fire(HOUR);
  const left = await sql(stack.current, 'select id from audit_log_accounts group by id having count(*) = 2');
  expect([left.length, await count('audit_log_accounts')]).toEqual([2, 4]);
});

test('entries of the audit log go after 400 days, or as many as the var says', async () => {
  await note(3, '400 days 1 minute');
  await note(2, '399 days 23 hours');
  await fire(HOUR);
  expect(await count('audit_log')).toBe(2);
  await fire(HOUR, withDays('399'));
  expect(await count('audit_log')).toBe(0);
});

test('with 0 days the audit log stays for ever, and creations are forgotten still', async () => {
  await note(3, '4000 days');
  await remember(3, '25 hours');
  await fire(HOUR, withDays('0'));
  expect([await count('audit_log'), await count('idempotency_keys')]).toEqual([3, 0]);
});

/** Deletions of so many rows each, of which nothing is there. */
const keep = (many: number, rows: number, age: string) =>
  sql(
    stack.current,
    `with kept as (
       insert into deletions (at, xact_id, actor, request_id, entity, entity_id)
       select now() - $3::interval, n::text::xid8, 'root', '', 'user', n from generate_series(1, $1::int) as n returning id
     )
     insert into deletion_rows (deletion_id, entity, id, row)
     select id, 'user', n, '{}' from kept, generate_series(1, $2::int) as n`,
    many,
    rows,
    age,
  );
const kept = async () => [await count('deletions'), await count('deletion_rows')];

test('deletions go with their rows after 30 days, or as many as the var says', async () => {
  await keep(2, 3, '30 days 1 minute');
  await keep(2, 3, '29 days 23 hours');
  await fire(HOUR);
  expect(await kept()).toEqual([2, 6]);
  await fire(HOUR, newIsolate(stack.current, { DELETIONS_KEPT_DAYS: '0' }));
  expect(await kept()).toEqual([0, 0]);
});

test('a deletion of many rows goes over several runs, and stays until the last', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await keep(1, ONE_RUN + 7, '31 days');
  await run();
  expect(await kept()).toEqual([1, 7]);
  await run();
  expect(await kept()).toEqual([0, 0]);
});

test('nothing is deleted in the other minutes of the hour, at no cost', async () => {
  await remember(3, '25 hours');
  const { postgres } = await countRequests(stack.current, () => fire(new Date(HOUR.getTime() + 60_000)));
  expect(await count('idempotency_keys')).toBe(3);
  const due = await countRequests(stack.current, () => fire(HOUR));
  expect(due.postgres).toBe(postgres + 5);
  expect(await count('idempotency_keys')).toBe(0);
});

test('a firing keeps up with 14 writes a second', async () => {
  await note(AN_HOUR_OF_WRITES, '401 days');
  await fire(HOUR);
  expect(await count('audit_log')).toBe(0);
});

test('a run deletes so many rows and no more, the oldest first; the next one goes on', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await note(ONE_RUN, '500 days');
  await note(7, '401 days');
  const { postgres } = await countRequests(stack.current, run);
  expect(postgres).toBeLessThanOrEqual(10);
  const left = await sql(stack.current, `select now() - at < interval '402 days' as young from audit_log`);
  expect(left).toEqual(Array.from({ length: 7 }, () => ({ young: true })));
  await run();
  expect(await count('audit_log')).toBe(0);
});

test('a run begins no portion after its time', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await note(100, '500 days');
  let nowMs = 0;
  await run({ maxPortions: 100, now: () => (nowMs += 100) });
  const left = await count('audit_log');
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(100);
});

const change = (many: number) =>
  sql(
    stack.current,
    `insert into change_feed (kind, row_id, operation, actor, at, numbered_at, number)
       select 'user', n, 'update', 'root', now() - interval '8 days', now() - interval '8 days', n from generate_series(1, $1::int) as n`,
    many,
  );
const fills: readonly [table: string, fill: (rows: number) => Promise<unknown>][] = [
  ['idempotency_keys', (rows) => remember(rows, '25 hours')],
  ['audit_log', (rows) => note(rows, '500 days')],
  ['change_feed', change],
  ['deletion_rows', (rows) => keep(1, rows, '31 days')],
  ['deletions', (rows) => keep(rows, 0, '31 days')],
];

test.each(fills)(
  'a run that leaves old rows of %s says so, and one that leaves none does not',
  async (table, fill) => {
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await fill(ONE_RUN + 7);
    await run();
    expect(warnings.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toEqual([
      { level: 'warn', event: 'retention_behind', table, rows: ONE_RUN, requestId: 'run' },
    ]);
    await run();
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(await count(table)).toBe(0);
  },
);

test('what fails is logged, and the drain and the other table go on', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  await note(3, '500 days');
  await remember(3, '25 hours');
  await sql(stack.current, `insert into cache_invalidations (tags) values ('{user:3}')`);
  await sql(stack.current, 'alter table idempotency_keys rename to elsewhere');
  try {
    await fire(HOUR);
  } finally {
    await sql(stack.current, 'alter table elsewhere rename to idempotency_keys');
  }
  expect(errors.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toEqual([
    {
      level: 'error',
      event: 'retention_failed',
      table: 'idempotency_keys',
      error: expect.stringContaining('42P01'),
      requestId: expect.any(String),
    },
  ]);
  expect(await count('audit_log')).toBe(0);
  expect(
    await sql(stack.current, 'select invalidated_at is not null as done from cache_invalidations'),
  ).toEqual([{ done: true }]);
});

test('every line of a firing has one id, which no other firing has', async () => {
  const lines: { readonly event: string; readonly requestId?: string }[] = [];
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  const fireAndRead = async () => {
    await sql(stack.current, `insert into cache_invalidations (tags) values ('{user:3}')`);
    await note(3, '500 days');
    await remember(3, '25 hours');
    await fire(HOUR);
    const events = new Set(lines.map(({ event }) => event));
    expect(events).toEqual(new Set(['outbox_drained', 'old_rows_deleted']));
    return new Set(lines.splice(0).map(({ requestId }) => requestId));
  };
  const [first, second] = [await fireAndRead(), await fireAndRead()];
  expect([first.size, second.size]).toEqual([1, 1]);
  expect([...first, ...second]).toEqual([expect.any(String), expect.any(String)]);
  expect(first).not.toEqual(second);
});

test('a firing without Postgres ends, and the next one makes up for it', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  await note(3, '500 days');
  await whileAway(stack.current, ['postgres'], () => fire(HOUR));
  expect(errors).toHaveBeenCalled();
  expect(await count('audit_log')).toBe(3);
  await fire(HOUR);
  expect(await count('audit_log')).toBe(0);
});

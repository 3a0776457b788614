import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { numberChanges, selectChanges } from '../../src/db/reads/change-feed.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';
import { tablesWith } from '../support/db/text-scan.ts';

const db = useSession({ seed: 'each' });
const bridge = useNeon(db);

/** Words that nobody else has. */
const WORDS = ['zoe', 'quux', 'erp-4711', 'sapphire', 'picture-77', 'zulu'];

const make = async () => {
  const [user] = await db.query<{ id: string }>(
    `insert into users (username, email, first_name, last_name, external_id, metadata)
     values ('zoe', 'zoe@example.com', 'Zoe', 'Quux', 'erp-4711', '{"colour": "sapphire"}') returning id`,
  );
  const id = Number(user?.id);
  await db.query(
    `insert into user_profiles (user_id, account_id, name, profile_image_url)
     values ($1, 1, 'Zoe Q.', 'https://example.com/picture-77.png'), ($1, 2, 'Zulu', null)`,
    [id],
  );
  await db.query(`update users set email = 'quux@example.org', username = 'zulu' where id = $1`, [id]);
  await db.query(`update user_profiles set name = 'Quux' where user_id = $1`, [id]);
  return id;
};

interface Traces extends Record<string, unknown> {
  readonly tags: string[];
}

const COUNTS = `erased_at is not null as "isErased", is_known as "isKnown", users::int, user_profiles::int as "userProfiles",
  audit_entries::int as "auditEntries", changes::int, deletion_rows::int as "deletionRows",
  remembered_answers::int as "rememberedAnswers"`;

async function erase(id: number) {
  const [found] = await db.query<Traces>(`select ${COUNTS}, tags from erase_user($1)`, [id]);
  return found;
}

test('a long history is removed in portions, under one proof', async () => {
  const id = await make();
  await drained();
  const portion = async () => {
    const [found] = await db.query(
      `select users::int, audit_entries::int as entries, changes::int, is_whole as "isWhole" from erase_user($1, 4)`,
      [id],
    );
    return found;
  };
  expect(await portion()).toEqual({ users: 1, entries: 4, changes: 4, isWhole: false });
  expect(await left()).not.toEqual([]);
  expect(await portion()).toEqual({ users: 0, entries: 2, changes: 2, isWhole: true });
  expect(await left()).toEqual([]);
  expect(await portion()).toEqual({ users: 0, entries: 0, changes: 0, isWhole: true });
  const proofs = (await dump(id)).filter(({ action }) => action === 'erase');
  expect(proofs).toHaveLength(1);
});

test('a name that somebody else has by now is not among the names to forget', async () => {
  const id = await make();
  await db.query(`insert into users (username, email) values ('zoe', '')`);
  const { tags } = (await erase(id)) ?? { tags: [] };
  expect(tags).toEqual(expect.arrayContaining(['username:zulu', 'user-external-id:erp-4711']));
  expect(tags).not.toContain('username:zoe');
});

test('an old snapshot erases nothing', async () => {
  const id = await make();
  await db.query('begin isolation level repeatable read');
  expect(await db.refusalOf('select erase_user($1)', [id])).toBe('25000');
  await db.query('rollback');
});

test('a forced erasure says so in its proof', async () => {
  const id = await make();
  await db.query(`begin; select set_config('edge_accounts.forced', 'true', true)`);
  await erase(id);
  await db.query('commit');
  expect((await dump(id)).at(-1)).toMatchObject({ action: 'erase', changes: { force: [null, true] } });
});

/** The outbox names what was written before for some seconds more. */
const drained = () => db.query('delete from cache_invalidations');
const left = () => tablesWith((text, params) => db.query(text, params), WORDS);
const dump = (id: number) =>
  db.query(`select action, entity, changes, username from audit_log where user_id = $1 order by id`, [id]);

test('nothing is left of a person but the proof', async () => {
  const id = await make();
  await drained();
  expect(await left()).toEqual([
    'public.audit_log',
    'public.change_feed',
    'public.user_profiles',
    'public.users',
  ]);
  expect(await erase(id)).toMatchObject({
    isErased: false,
    isKnown: true,
    users: 1,
    userProfiles: 2,
    auditEntries: 6,
    changes: 6,
    deletionRows: 0,
    rememberedAnswers: 0,
  });
  expect(await left()).toEqual([]);
  const entries = await dump(id);
  expect(entries.map(({ action, entity }) => `${String(action)} ${String(entity)}`)).toEqual([
    'create user',
    'create user_profile',
    'create user_profile',
    'update user',
    'update user_profile',
    'update user_profile',
    'delete user',
    'delete user_profile',
    'delete user_profile',
    'erase user',
  ]);
});

test('nothing is left of a person who was deleted, restored and deleted with an account', async () => {
  const id = await make();
  await db.query('delete from users where id = $1', [id]);
  await db.query('select restore_deletion(max(id)) from deletions');
  await db.query('delete from accounts where id = 2');
  await db.query('delete from users where id = $1', [id]);
  await drained();
  expect(await left()).toEqual([
    'public.audit_log',
    'public.change_feed',
    'public.deletion_rows',
    'public.deletions',
  ]);
  const [{ id: last } = { id: 0 }] = await db.query<{ id: number }>(
    `select id::int from deletions where entity = 'account'`,
  );
  await erase(id);
  await drained();
  expect(await left()).toEqual([]);
  expect(await db.query('select id::int from deletions')).toEqual([{ id: last }]);
  expect(await db.query('select restore_deletion($1)::int as rows', [last])).toEqual([{ rows: 4 }]);
  expect(await db.query('select from user_profiles where user_id = $1', [id])).toEqual([]);
});

const all = { kinds: null, within: null, limit: 500 };
const latest = async () => (await selectChanges(bridge.db, { ...all, after: 'latest' })).upTo;

test('the feed says delete without what there was, and a reader who is at its beginning misses nothing', async () => {
  await selectChanges(bridge.db, { ...all, after: 'latest' });
  await db.query('delete from change_feed');
  const start = await latest();
  const id = await make();
  const before = await selectChanges(bridge.db, { ...all, after: start });
  // One reader has seen nothing, another one some, and the last items have no number yet.
  const middle = before.changes.length > 2 ? start + 2 : start;
  await db.query(`update users set first_name = 'Zoe' where id = $1`, [id]);
  await erase(id);
  for (const after of [start, middle]) {
    const { changes, oldest, from, newest } = await selectChanges(bridge.db, { ...all, after });
    expect({ isKept: from >= oldest - 1, upTo: newest }).toEqual({
      isKept: true,
      upTo: after + changes.length,
    });
    expect(new Set(changes.map(({ operation }) => operation))).toEqual(new Set(['delete']));
    for (const { before: was, after: is } of changes) expect([was, is]).toEqual([null, null]);
    expect(changes.filter(({ kind, rowId }) => kind === 'user' && rowId === id).length).toBeGreaterThan(0);
  }
});

test('an account is told of the end of its member, and another account of nothing', async () => {
  const start = await latest();
  const id = await make();
  await erase(id);
  const told = async (within: string) => {
    const { changes } = await selectChanges(bridge.db, { ...all, after: start, within });
    return changes.filter(({ kind }) => kind === 'user').map(({ operation }) => operation);
  };
  expect((await told('1234-5678-9012')).at(-1)).toBe('delete');
  expect(await told('2718-2818-2845')).toEqual([]);
});

test('an item that retention took is not made anew', async () => {
  const id = await make();
  await db.query('delete from users where id = $1', [id]);
  await numberChanges(bridge.db, 1_000);
  await db.query('delete from change_feed');
  await erase(id);
  expect(await db.query('select from change_feed')).toEqual([]);
});

test('a repeat finds nothing and leaves nothing, and an id that nobody had is not known', async () => {
  const id = await make();
  await erase(id);
  const count = () => db.query(`select count(*)::int from audit_log`);
  const before = await count();
  expect(await erase(id)).toMatchObject({
    isErased: true,
    isKnown: true,
    users: 0,
    auditEntries: 0,
    changes: 0,
  });
  expect(await count()).toEqual(before);
  expect(await erase(777_777)).toMatchObject({ isErased: false, isKnown: false });
  expect(await count()).toEqual(before);
});

test('a person of whom only the last revision is left is erased once more, with a proof', async () => {
  const id = await make();
  await db.query('delete from users where id = $1', [id]);
  for (const table of ['audit_log', 'change_feed', 'deletion_rows', 'deletions'])
    await db.query(`delete from ${table}`);
  expect(await erase(id)).toMatchObject({ isErased: false, isKnown: true, auditEntries: 0 });
  expect((await dump(id)).map(({ action }) => action)).toEqual(['erase']);
});

test('entries from before the log had user ids are erased, too', async () => {
  const id = await make();
  const [profile] = await db.query<{ id: string }>(
    'select min(id) as id from user_profiles where user_id = $1',
    [id],
  );
  await db.query('delete from user_profiles where id = $1', [profile?.id]);
  await db.query('update audit_log set user_id = null, username = null');
  for (const table of ['change_feed', 'deletion_rows', 'deletions']) await db.query(`delete from ${table}`);
  await erase(id);
  await drained();
  expect(await left()).toEqual([]);
});

test('of a deletion of several people the others come back, and it names the erased one no more', async () => {
  const id = await make();
  await db.query(`insert into users (id, username, email) values (9000, 'other', 'other@example.com')`);
  await db.query('begin');
  await db.query('delete from users where id = $1', [id]);
  await db.query('delete from users where id = 9000');
  await db.query('commit');
  await erase(id);
  await drained();
  expect(await left()).toEqual([]);
  const [deletion] = await db.query<{ id: string }>('select * from deletions');
  expect(deletion).toMatchObject({ entity: 'user', entity_id: String(id), username: null });
  expect(await db.query('select restore_deletion($1)::int as rows', [deletion?.id])).toEqual([{ rows: 1 }]);
  expect(await db.query('select username from users where id = 9000')).toEqual([{ username: 'other' }]);
});

test('nothing of other people is touched', async () => {
  const id = await make();
  await db.query(`update users set first_name = 'Still' where id = 3`);
  await db.query('delete from users where id = 7');
  const others = async () => [
    await db.query(`select * from audit_log where user_id is distinct from $1 order by id`, [id]),
    await db.query(
      `select * from change_feed where row_id <> $1 and user_id is distinct from $1 order by id`,
      [id],
    ),
    await db.query('select * from deletion_rows order by 1, 2, 3'),
    await db.query('select * from users where id <> $1 order by id', [id]),
  ];
  const before = await others();
  await erase(id);
  expect(await others()).toEqual(before);
});

test('the erasure writes no name into the outbox, and what it keeps is on again afterwards', async () => {
  const id = await make();
  await drained();
  await db.query('begin');
  await erase(id);
  await db.query('delete from users where id = 7');
  await db.query('commit');
  const tags = await db.query<{ tags: string[] }>(
    `select tags from cache_invalidations where tags @> array[$1]`,
    [`user:${id}`],
  );
  expect(tags).toMatchObject([{ tags: [`user:${id}`] }]);
  expect(await db.query('select entity_id::int from deletions')).toEqual([{ entity_id: 7 }]);
});

test('an erasure that fails leaves everything as it was', async () => {
  const id = await make();
  const before = await dump(id);
  await db.query(
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$`,
  );
  await db.query(
    `create trigger fails before insert on audit_log for each row when (new.action = 'erase') execute function fail()`,
  );
  await expect(erase(id)).rejects.toThrow('full');
  await db.query('drop function fail cascade');
  expect(await dump(id)).toEqual(before);
  expect(await db.query('select from users where id = $1', [id])).toHaveLength(1);
});

test('remembered answers lose the person, and others in a batch stay', async () => {
  const id = await make();
  const outcome = (of: unknown) => ({ position: 0, user: of, isAccountKnown: true });
  const person = { id, username: 'zoe', email: 'zoe@example.com' };
  const answers = [
    [outcome(person)],
    [outcome({ id: 3, username: 'johndoe' }), outcome(person), outcome(null)],
    { profile: { id: 1, name: 'Zoe Q.' }, user: person, account: { id: 2 } },
    { id, account_number: '1234-5678-9012' },
    [outcome({ id: 3, username: 'johndoe' })],
  ];
  for (const [at, answer] of answers.entries())
    await db.query(
      `insert into idempotency_keys (caller, key, request_sha256, answer) values ('root', $1, '', $2)`,
      [String(at), JSON.stringify(answer)],
    );
  expect(await erase(id)).toMatchObject({ rememberedAnswers: 3 });
  const kept = await db.query<{ answer: unknown }>('select answer from idempotency_keys order by key');
  const erased = { ...outcome(null), isErased: true };
  expect(kept.map(({ answer }) => answer)).toEqual([
    [erased],
    [answers[4] && outcome({ id: 3, username: 'johndoe' }), erased, outcome(null)],
    { isErased: true },
    answers[3],
    answers[4],
  ]);
});

// The embedded Postgres has no second session to wait for.
describe.skipIf(!process.env['DATABASE_URL'])('at once with another transaction', () => {
  let other: Client;
  beforeAll(async () => {
    other = new Client({ connectionString: db.url });
    await other.connect();
  });
  afterAll(() => other.end());

  const whenWaiting = async () => {
    const waiting =
      'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))';
    while ((await db.query(waiting)).length === 0);
  };
  /** The outcome of the second, which waits for the first, which commits then. */
  async function behind(first: () => Promise<unknown>, second: string): Promise<unknown> {
    await db.query('begin');
    await first();
    const answer = other.query<Record<string, unknown>>(second).then(
      ({ rows }) => rows,
      (error: unknown) => (error as { code: string }).code,
    );
    await whenWaiting();
    await db.query('commit');
    return answer;
  }

  const writes: [string, (id: number) => string][] = [
    ['an update', (id) => `update users set last_name = 'Quux 2' where id = ${id} returning id`],
    [
      'an update of a profile',
      (id) => `update user_profiles set name = 'Zoe 2' where user_id = ${id} returning id`,
    ],
    [
      'a new membership',
      (id) => `insert into user_profiles (user_id, account_id, name) values (${id}, 3, 'Zoe 3') returning id`,
    ],
    ['a deletion', (id) => `delete from users where id = ${id} returning id`],
    ['the end of a membership', (id) => `delete from user_profiles where user_id = ${id} returning id`],
    ['the deletion of an account', () => `delete from accounts where id = 2 returning id`],
  ];

  test.each(writes)('%s before it is erased with the rest', async (_name, write) => {
    const id = await make();
    await behind(() => db.query(write(id)), `select from erase_user(${id})`);
    await drained();
    expect(await left()).toEqual([]);
    expect((await dump(id)).at(-1)).toMatchObject({ action: 'erase' });
  });

  test.each(writes)('%s after it finds nothing', async (_name, write) => {
    const id = await make();
    const answer = await behind(() => erase(id), write(id));
    expect([[], '23503']).toContainEqual(write(id).includes('accounts where') ? [] : answer);
    await drained();
    expect(await left()).toEqual([]);
  });

  test('a rename before it is known to it, so that it writes down no name', async () => {
    const id = await make();
    await drained();
    await behind(
      () => db.query(`update users set username = 'zoe-2' where id = $1`, [id]),
      `select from erase_user(${id})`,
    );
    // The row of the user's deletion; that of the rename has the names.
    const tags = await db.query('select from cache_invalidations where tags = array[$1]', [`user:${id}`]);
    expect(tags).toHaveLength(1);
  });

  test('a restore before it is erased again, and one after it finds no deletion', async () => {
    const id = await make();
    await db.query('delete from users where id = $1', [id]);
    const restore = 'select restore_deletion(max(id)) from deletions';
    await behind(() => db.query(restore), `select from erase_user(${id})`);
    await drained();
    expect(await left()).toEqual([]);

    await db.query(`delete from audit_log`);
    const again = await make();
    await db.query('delete from users where id = $1', [again]);
    const [deletion] = await db.query<{ id: string }>('select max(id) as id from deletions');
    expect(await behind(() => erase(again), `select restore_deletion(${deletion?.id ?? ''})`)).toBe('P0002');
    await drained();
    expect(await left()).toEqual([]);
  });
});

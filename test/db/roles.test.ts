import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: true });
const role = `clerk_${randomUUID().replaceAll('-', '')}`;

beforeAll(async () => {
  await db.query(`create role ${role}`);
  await db.query(`grant usage, create on schema public to ${role}`);
  await db.query(`grant insert on users to ${role}`);
});
afterAll(async () => {
  await db.query('reset role');
  await db.query(`drop owned by ${role}`);
  await db.query(`drop role ${role}`);
});

async function refusalAsClerk(sql: string): Promise<string> {
  await db.query(`set role ${role}`);
  const refusal = await db.refusalOf(sql);
  await db.query('reset role');
  return refusal;
}

test('a role that may only insert users has its invalidations written', async () => {
  const tags = await db.tagsOf(async () => {
    expect(await refusalAsClerk(`insert into users (username, email) values ('by_clerk', '')`)).toBe(
      'accepted',
    );
  });
  expect(tags).toEqual([['user:8', 'username:by_clerk']]);
});

test('that role neither reads nor writes the outbox itself', async () => {
  expect(await refusalAsClerk('select from cache_invalidations')).toBe('42501');
  expect(await refusalAsClerk(`insert into cache_invalidations (tags) values ('{x}')`)).toBe('42501');
  expect(await refusalAsClerk(`select public.write_invalidation('{x}')`)).toBe('42501');
});

test('that role cannot hang our trigger functions on a table of its own', async () => {
  await refusalAsClerk('create table public.decoy (id int, username text)');
  const trigger = `create trigger forge after insert on public.decoy referencing new table as changed_rows
    for each statement execute function public.invalidate_users()`;
  expect(await refusalAsClerk(trigger)).toBe('42501');
});

test('a table of the same name in front of ours is not written instead', async () => {
  await db.query('delete from cache_invalidations');
  await db.query('create temp table cache_invalidations (tags text[])');
  await db.query(`update users set email = '' where id = 5`);
  const forged = await db.query('select from pg_temp.cache_invalidations');
  const written = await db.query('select from public.cache_invalidations');
  await db.query('drop table pg_temp.cache_invalidations');
  expect([forged.length, written.length]).toEqual([0, 1]);
});

import { expect, test } from 'vitest';
import { seed } from '../../local/seed.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession();

const rows = async () => [
  await db.query('select * from accounts order by id'),
  await db.query('select * from users order by id'),
  await db.query('select * from user_profiles order by id'),
];

test('the seed is there once, however often it is sown, and the next ids are free', async () => {
  await seed(db.url);
  const first = await rows();
  expect(first.map((table) => table.length)).toEqual([4, 7, 7]);
  await db.query('delete from accounts where id = 3');
  await seed(db.url);
  expect((await rows()).map((table) => table.length)).toEqual([3, 7, 7]);
  const next = await db.query(`insert into users (username, email) values ('next', '') returning id`);
  expect(next).toEqual([{ id: '8' }]);
});

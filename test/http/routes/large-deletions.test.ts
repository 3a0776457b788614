import { expect, test } from 'vitest';
import { isDrawn, scaled } from '../../support/scale.ts';
import { get, sql, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
/** More than go with what is deleted. */
const MANY = scaled(10_001, 100_000);
/** As many as go along, or in a short run few: a busy machine must end the statement before the longest deadline. */
const KEPT = scaled(500, 10_000);
const any = { 'If-Match': '*' };
const remove = (path: string) => change(stack.current, 'DELETE', path, undefined, any);
const sha256 = `repeat('0', 64)`;

if (isDrawn(0, 4))
  test('a user of more than 10,000 accounts is deactivated, and deleted once some profiles are', async () => {
    await sql(
      stack.current,
      `insert into users (id, username, email) values (90000, 'busy', 'b@example.com')`,
    );
    await sql(
      stack.current,
      `with many as (
       insert into accounts (id, account_number, company_name)
       select n, '0000-' || lpad((n / 10000)::text, 4, '0') || '-' || lpad((n % 10000)::text, 4, '0'), 'One of many'
       from generate_series(200001, 200000 + ${MANY}) as n returning id
     )
     insert into user_profiles (id, user_id, account_id) select id, 90000, id from many`,
    );
    for (const path of ['/v1/users/90000', '/v1/users/90000?dryRun=true', '/v1/users/90000?force=true']) {
      const { detail } = await expectProblem(await remove(path), 'too_many_accounts');
      expect(detail).toContain(`a member of ${MANY} accounts`);
    }
    const off = await change(stack.current, 'PATCH', '/v1/users/90000', { isActive: false }, any);
    expect(await jsonOf(off)).toMatchObject({ isActive: false });
    const last = 200_001 + KEPT;
    await sql(stack.current, `delete from user_profiles where user_id = 90000 and id > ${last}`);
    expect((await remove(`/v1/user-profiles/${last}`)).status).toBe(200);
    expect(await jsonOf(await remove('/v1/users/90000'))).toMatchObject({ users: 1, userProfiles: KEPT });
  });

if (isDrawn(1, 4))
  test('an account of more than 10,000 keys is deleted once revoked ones are', async () => {
    const path = '/v1/accounts/2718-2818-2845';
    await sql(
      stack.current,
      `insert into api_keys (id, name, scopes, sha256, account_id, revoked_at)
     select n, 'Old', '{}', ${sha256}, 3, now() from generate_series(300001, 300000 + ${MANY}) as n`,
    );
    for (const asked of [path, `${path}?dryRun=true`]) {
      const { detail } = await expectProblem(await remove(asked), 'too_many_keys');
      expect(detail).toContain(`has ${MANY} keys, revoked ones too`);
    }
    const key = { name: 'New', scopes: ['directory:read'], accountNumber: '2718-2818-2845' };
    expect((await create(stack.current, '/v1/keys', key)).status).toBe(201);
    await sql(
      stack.current,
      `delete from api_keys where account_id = 3 and revoked_at is not null and id >= 300000 + ${KEPT}`,
    );
    expect(await jsonOf(await remove(path))).toMatchObject({ accounts: 1, keys: KEPT });
    expect((await get(stack.current, path)).status).toBe(404);
  });

const insertChildren = (of: number, first: number, count: number, revokedAt: string) =>
  sql(
    stack.current,
    `insert into api_keys (id, name, scopes, sha256, created_by, revoked_at)
     select n, 'Child', '{}', ${sha256}, 'key:${of}', ${revokedAt}
     from generate_series(${first}, ${first + count - 1}) as n`,
  );

async function insertKey(id: number): Promise<void> {
  await sql(
    stack.current,
    `insert into api_keys (id, name, scopes, sha256) values (${id}, 'Maker', '{}', ${sha256})`,
  );
}

const countGood = async (of: number) =>
  (await sql(stack.current, `select from api_keys where created_by = 'key:${of}' and revoked_at is null`))
    .length;

if (isDrawn(2, 4))
  test('more than 10,000 keys are not revoked at once, and one is whatever it made', async () => {
    await insertKey(500_000);
    await insertChildren(500_000, 500_001, 10_000, 'null');
    const path = '/v1/keys/500000?withDescendants=true';
    for (const asked of [path, `${path}&dryRun=true`]) {
      const { detail } = await expectProblem(await remove(asked), 'too_many_keys');
      expect(detail).toContain('revoke the key alone');
    }
    expect(await countGood(500_000)).toBe(10_000);
    expect(await jsonOf(await remove('/v1/keys/500000'))).toMatchObject({ id: 500_000 });
    expect(await jsonOf(await remove(`${path}&dryRun=true`))).toMatchObject({ keys: 10_000 });
    await sql(
      stack.current,
      `delete from api_keys where created_by = 'key:500000' and id > 500000 + ${KEPT}`,
    );
    expect(await jsonOf(await remove(path))).toMatchObject({ keys: KEPT });
    expect(await countGood(500_000)).toBe(0);
  });

if (isDrawn(3, 4))
  test('keys that were revoked are followed, up to 100,000', async () => {
    await insertKey(600_000);
    // With the first key these are one more than are followed, in a long run.
    const followed = scaled(10_500, 99_999);
    await insertChildren(600_000, 600_001, followed, 'now()');
    await insertChildren(600_001, 800_001, 1, 'null');
    const path = '/v1/keys/600000?withDescendants=true';
    if (scaled(false, true)) {
      await expectProblem(await remove(path), 'too_many_keys');
      await sql(stack.current, 'delete from api_keys where id = 600002');
    }
    expect(await jsonOf(await remove(path))).toMatchObject({ keys: 2 });
    expect(await countGood(600_001)).toBe(0);
  });

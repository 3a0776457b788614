import { beforeAll, describe, expect, test } from 'vitest';
import { ResolvedUser } from '../../../src/directory/resolve/resolve-user.ts';
import { change, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { keyOf } from '../../support/http/resolve.ts';
import { countRequests, emptyRedis, get, newIsolate, sql, useStack } from '../../support/stack.ts';

const stack = useStack();
const ask = (user: string, headers = {}, on = stack.current) =>
  get(on, `/v1/resolve?user=${encodeURIComponent(user)}`, headers);

async function resolve(user: string, headers = {}, on = stack.current): Promise<ResolvedUser> {
  return ResolvedUser.strict().parse(await jsonOf(await ask(user, headers, on)));
}

async function make(user: { id: number; username: string; email?: string }, ...accountIds: number[]) {
  await sql(
    stack.current,
    `insert into users (id, username, email) values ($1, $2, $3)`,
    user.id,
    user.username,
    user.email ?? `${user.username}@example.com`,
  );
  for (const accountId of accountIds)
    await sql(
      stack.current,
      `insert into user_profiles (user_id, account_id) values ($1, $2)`,
      user.id,
      accountId,
    );
}

// Whatever another file has left in the caches of the stack.
beforeAll(() => emptyRedis(stack.current));

const namesOfJohn = [
  '3',
  'johndoe',
  'johndoe@example.com',
  'JohnDoe@Example.COM',
  'id:3',
  'username:johndoe',
  'email:johndoe@example.com',
  'email:JOHNDOE@EXAMPLE.COM',
];
test.each(namesOfJohn)(
  '%s names the user, with its memberships and the account that answers',
  async (name) => {
    const account = await jsonOf(await get(stack.current, '/v1/users/3/account'));
    const user = await jsonOf(await get(stack.current, '/v1/users/3'));
    expect(await resolve(name)).toMatchObject({
      user,
      accounts: [{ userProfileId: 3, account }],
      answer: account,
      rule: 'lowest_profile',
    });
  },
);

describe('the rule by which an account answers', () => {
  test('the platform admin gets the platform account', async () => {
    const { rule, answer, explanation } = await resolve('admin');
    expect([rule, answer?.id]).toEqual(['platform_admin', 1]);
    expect(explanation.slice(0, 6)).toEqual([
      'The user has the id 1 and the username admin, is active, and is superuser and staff.',
      'That is a right of the user, and makes the user a member of no account.',
      'The user is a member of one account.',
      "The account 3141-5926-5359 answers for the user: the username is that of the platform's admin, who always gets the platform's account.",
      'Only another username, or another setting of the platform, would change that.',
      'The user answers as the admin of the account 3141-5926-5359: the lowest profile whose user is staff or superuser decides.',
    ]);
  });

  test('the default account counts before a lower profile', async () => {
    const { rule, answer, accounts, explanation } = await resolve('both');
    expect([rule, answer?.id, accounts.map(({ userProfileId }) => userProfileId)]).toEqual([
      'default_account',
      1,
      [5, 6],
    ]);
    expect(explanation).toEqual([
      'The user has the id 6 and the username both, is active, and is neither staff nor superuser.',
      'The user is a member of 2 accounts.',
      'The account 3141-5926-5359 answers for the user: it is the default account, and the user is a member of it, which counts before the lowest profile.',
      'Another account would answer if the user left the default account, or if another account became the default one.',
      'User 1, admin, answers as the admin of the account 3141-5926-5359, and not this user: the lowest profile whose user is staff or superuser decides, whoever became admin later.',
      expect.stringMatching(/ and the answer is what Postgres holds\.$/),
    ]);
  });

  test('otherwise the lowest profile counts', async () => {
    await make({ id: 700, username: 'lowest' }, 4, 2);
    const { rule, answer, explanation } = await resolve('lowest');
    expect([rule, answer?.id]).toEqual(['lowest_profile', 4]);
    expect(explanation.slice(2, 5)).toEqual([
      "The account 1618-0339-8874 answers for the user: the user is no member of the default account, and of the user's profiles that in this account has the lowest id.",
      'Another account would answer if the user left this one, or became a member of the default account. A later membership of any other account changes nothing.',
      'No user answers as the admin of the account 1618-0339-8874: no member is staff or superuser.',
    ]);
  });

  test('staff without a membership has none', async () => {
    const patch = { isStaff: true };
    await change(stack.current, 'PATCH', '/v1/users/5', patch, { 'If-Match': '*' });
    const { rule, answer, accounts, explanation } = await resolve('nomad');
    expect([rule, answer, accounts]).toEqual(['none', null, []]);
    expect(explanation.slice(0, 5)).toEqual([
      'The user has the id 5 and the username nomad, is active, and is staff.',
      'That is a right of the user, and makes the user a member of no account.',
      'The user is a member of no account.',
      'No account answers for the user.',
      'The first membership that the user gets would change that.',
    ]);
    await change(stack.current, 'PATCH', '/v1/users/5', { isStaff: false }, { 'If-Match': '*' });
  });

  test('a platform admin without a platform account gets none, by the rule of the admin', async () => {
    const on = newIsolate(stack.current, { PLATFORM_ACCOUNT_NUMBER: '5999-9999-9999' });
    const { rule, answer, explanation } = await resolve('admin', {}, on);
    expect([rule, answer]).toEqual(['platform_admin', null]);
    expect(explanation[3]).toBe(
      "No account answers for the user: the username is that of the platform's admin, who always gets the platform's account, and no account has the PLATFORM_ACCOUNT_NUMBER.",
    );
  });
});

test('of very many memberships the first hundred are shown, and the default account counts though it is behind them', async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name)
       select n, to_char(n, 'FM5100-0000-0000'), 'x' from generate_series(51000, 51100) as n`,
  );
  await make({ id: 701, username: 'everywhere' });
  await sql(
    stack.current,
    `insert into user_profiles (user_id, account_id) select 701, id from accounts where id between 51000 and 51100 order by id`,
  );
  await sql(stack.current, `insert into user_profiles (user_id, account_id) values (701, 1)`);
  const { rule, accounts, explanation } = await resolve('everywhere');
  expect([rule, accounts.length]).toEqual(['default_account', 100]);
  expect(explanation[1]).toBe(
    'The user is a member of more than 100 accounts, of which the first are shown.',
  );
});

describe('a name that several users have', () => {
  test('is answered with them, and each can be asked for', async () => {
    await make({ id: 710, username: 'twin_a', email: 'twins@example.com' });
    await make({ id: 711, username: 'twin_b', email: 'twins@example.com' });
    await make({ id: 712, username: '710' });
    const byEmail = await expectProblem(await ask('twins@example.com'), 'ambiguous');
    expect(byEmail).toMatchObject({
      status: 409,
      detail: expect.stringContaining('those with the ids 710, 711. Ask for one of them, such as id:710'),
      candidates: [
        { id: 710, username: 'twin_a' },
        { id: 711, username: 'twin_b' },
      ],
    });
    const byId = await expectProblem(await ask('710'), 'ambiguous');
    expect(byId).toMatchObject({ candidates: [{ id: 710 }, { id: 712, username: '710' }] });
    expect((await resolve('id:710')).user.id).toBe(710);
    expect((await resolve('username:710')).user.id).toBe(712);
  });

  test('may be the external id of one and the username of another', async () => {
    await make({ id: 715, username: 'billing-9' });
    await make({ id: 716, username: 'known_elsewhere' });
    await sql(stack.current, `update users set external_id = 'billing-9' where id = 716`);
    const problem = await expectProblem(await ask('billing-9'), 'ambiguous');
    expect(problem).toMatchObject({ candidates: [{ id: 715 }, { id: 716, externalId: 'billing-9' }] });
    expect((await resolve('externalId:billing-9')).user.id).toBe(716);
  });

  test('is answered with twenty of them at most', async () => {
    await sql(
      stack.current,
      `insert into users (id, username, email) select 900 + n, 'many_' || n, 'many@example.com' from generate_series(1, 30) as n`,
    );
    const problem = await expectProblem(await ask('many@example.com'), 'ambiguous');
    expect(problem).toMatchObject({ detail: expect.stringContaining(' and more. Ask for') });
    expect((problem as { candidates?: unknown[] }).candidates).toHaveLength(20);
  });

  test('may be an e-mail address that differs in case alone, as in lists, and in nothing else', async () => {
    await make({ id: 717, username: 'case_a', email: 'Case.É@example.com' });
    await make({ id: 718, username: 'case_b', email: 'case.é@EXAMPLE.com' });
    await make({ id: 719, username: 'case_c', email: 'case.e@example.com' });
    const problem = await expectProblem(await ask('CASE.é@example.com'), 'ambiguous');
    expect(problem).toMatchObject({ candidates: [{ id: 717 }, { id: 718 }] });
    expect((await resolve('case.E@example.com')).user.id).toBe(719);
  });

  test('is one when one user has it twice', async () => {
    await make({ id: 713, username: 'same@example.com', email: 'same@example.com' });
    expect((await resolve('same@example.com')).user.id).toBe(713);
  });
});

test.each([
  'nobody',
  '999999',
  '9999999999999999',
  'nobody@example.com',
  'id:johndoe',
  'email:johndoe',
  '%',
  "'",
])('%s, whom nobody is, is absent', async (name) => {
  const { detail } = await expectProblem(await ask(name), 'user_does_not_exist');
  expect(detail).toBe('no user has this id, username, e-mail address or external id');
});

test('the tier that answers for the user is told, and that it holds an old answer', async () => {
  await make({ id: 720, username: 'moved' }, 2);
  const on = newIsolate(stack.current);
  await resolve('moved', {}, on);
  await sql(stack.current, `insert into user_profiles (user_id, account_id) values (720, 1)`);
  const { answer, rule, explanation } = await resolve('moved', {}, on);
  expect([answer?.id, rule]).toEqual([1, 'default_account']);
  expect(explanation.at(-1)).toMatch(
    /^The memory of this isolate answers reads of the user's account for another \d+ s at most, but the answer is not what Postgres holds: it is id 2 /,
  );
});

test('it costs two requests to Postgres at most, and one once the reads are in memory', async () => {
  const on = newIsolate(stack.current);
  await get(on, '/v1/users/1');
  await emptyRedis(on);
  const cost = () => countRequests(on, () => ask('johndoe', {}, on));
  expect((await cost()).postgres).toBe(2);
  expect(await cost()).toEqual({ redis: 0, postgres: 1 });
});

describe('a user who was deleted', () => {
  const NOBODY = 'no user has this id, username, e-mail address or external id';
  const detailOf = async (user: string, headers = {}) =>
    (await expectProblem(await ask(user, headers), 'user_does_not_exist')).detail;
  const remove = async (id: number) =>
    expect(
      (await change(stack.current, 'DELETE', `/v1/users/${id}`, undefined, { 'If-Match': '*' })).status,
    ).toBe(200);
  const newestDeletion = async () => {
    const { items } = await jsonOf(await get(stack.current, '/v1/deletions?limit=1'));
    return (items as { id: number; at: string }[])[0];
  };

  test('is absent still, and the deletion is named by which the user comes back', async () => {
    await make({ id: 740, username: 'gone' }, 2);
    await remove(740);
    const deletion = await newestDeletion();
    const told = `${NOBODY}; user 740, gone, was deleted at ${deletion?.at} by root; deletion ${deletion?.id} can be restored`;
    for (const name of ['740', 'id:740', 'gone', 'username:gone']) expect(await detailOf(name)).toBe(told);
    for (const name of ['email:gone', 'externalId:740']) expect(await detailOf(name)).toBe(NOBODY);
  });

  test('is named by the newest of the deletions', async () => {
    await make({ id: 741, username: 'twice' });
    await remove(741);
    await make({ id: 742, username: 'twice' });
    await remove(742);
    expect(await detailOf('twice')).toContain('; user 742, twice, was deleted ');
    expect(await detailOf('741')).toContain('; user 741, twice, was deleted ');
  });

  test('is told of with audit:read alone', async () => {
    await make({ id: 743, username: 'quiet' }, 2);
    await remove(743);
    const read = await keyOf(stack.current, ['directory:read']);
    expect(await detailOf('quiet', read)).toBe(NOBODY);
    const audit = await keyOf(stack.current, ['directory:read', 'audit:read']);
    expect(await detailOf('quiet', audit)).toContain('; user 743, quiet, was deleted ');
  });

  test('is told of to the bound caller that sees the deletion, and to no other', async () => {
    await make({ id: 744, username: 'tenant_gone' }, 2);
    await make({ id: 745, username: 'both_gone' }, 2, 4);
    await make({ id: 746, username: 'memberless_gone' });
    for (const id of [744, 745, 746]) await remove(id);
    const own = await keyOf(stack.current, ['directory:read', 'audit:read'], '1234-5678-9012');
    const other = await keyOf(stack.current, ['directory:read', 'audit:read'], '2718-2818-2845');
    expect(await detailOf('tenant_gone', own)).toContain('; user 744, tenant_gone, was deleted ');
    expect(await detailOf('tenant_gone', other)).toBe(NOBODY);
    for (const name of ['both_gone', '745', 'memberless_gone', '746'])
      for (const caller of [own, other]) expect([name, await detailOf(name, caller)]).toEqual([name, NOBODY]);
  });

  test('is not told of once the deletion is too old', async () => {
    await make({ id: 747, username: 'old_gone' });
    await remove(747);
    await sql(stack.current, `update deletions set at = at - interval '31 days' where username = 'old_gone'`);
    expect(await detailOf('old_gone')).toBe(NOBODY);
  });

  test('who was restored and renamed is not told of by the old name', async () => {
    await make({ id: 748, username: 'back' });
    await remove(748);
    const { id } = (await newestDeletion()) ?? {};
    const restored = await change(stack.current, 'POST', `/v1/deletions/${id}/restore`);
    expect(restored.status).toBe(200);
    await sql(stack.current, `update users set username = 'renamed' where id = 748`);
    expect(await detailOf('back')).toBe(NOBODY);
    expect((await resolve('748')).user.username).toBe('renamed');
  });

  test('costs no request more', async () => {
    await make({ id: 749, username: 'cheap_gone' });
    await remove(749);
    const on = newIsolate(stack.current);
    await ask('johndoe', {}, on);
    expect(await countRequests(on, () => ask('cheap_gone', {}, on))).toEqual({ redis: 0, postgres: 1 });
  });
});

describe('a caller that is bound to an account', () => {
  test('sees the members of its account with that membership alone, and nobody else', async () => {
    const own = await keyOf(stack.current, ['directory:read'], '1234-5678-9012');
    const both = await resolve('both', own);
    expect(both).toMatchObject({
      user: { id: 6 },
      accounts: [{ userProfileId: 5 }],
      answer: null,
      rule: 'none',
    });
    expect(both.explanation.slice(1)).toEqual([
      'The user is a member of one account.',
      'The caller is bound to an account, and is shown its membership alone.',
      'The account that answers for the user is none that the caller sees.',
    ]);
    expect(JSON.stringify(both)).not.toContain('3141-5926-5359');
    expect(await resolve('johndoe', own)).toMatchObject({ answer: { id: 2 }, rule: 'lowest_profile' });
    const absence = async (name: string) => {
      const on = newIsolate(stack.current);
      await ask('johndoe', own, on);
      let problem: object = {};
      const cost = await countRequests(on, async () => {
        const { requestId: _, ...rest } = await expectProblem(
          await ask(name, own, on),
          'user_does_not_exist',
        );
        problem = rest;
      });
      return [problem, cost];
    };
    const nobody = await absence('nobody');
    for (const name of ['staff_user', '2', 'staff_user@example.com', 'id:2'])
      expect(await absence(name)).toEqual(nobody);
  });

  test('is told of no candidate beyond its account', async () => {
    await make({ id: 730, username: 'shared_a', email: 'shared@example.com' }, 2);
    await make({ id: 731, username: 'shared_b', email: 'shared@example.com' }, 1);
    const own = await keyOf(stack.current, ['directory:read'], '1234-5678-9012');
    expect((await resolve('shared@example.com', own)).user.id).toBe(730);
    await expectProblem(await ask('shared@example.com'), 'ambiguous');
  });
});

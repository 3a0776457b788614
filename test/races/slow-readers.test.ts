import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sampled } from '../support/scale.ts';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { absent, found, listed, see, type Seen } from '../support/seen.ts';
import { drainNow, emptyRedis, newIsolate, sql, useStack } from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();

interface Race {
  readonly name: string;
  readonly path: string;
  /** Prepares the state before the read begins, if the seed lacks it. */
  readonly given?: string;
  /** Transactions of somebody at a prompt, each followed by a drain. */
  readonly writes: readonly string[];
  readonly undo: string;
  readonly before: Seen;
  readonly after: Seen;
}

const rename = (id: number, name: string) => `update users set username = '${name}' where id = ${id}`;
const setDefault = (id: number, isDefault: boolean) =>
  `update accounts set is_default_account = ${isDefault} where id = ${id}`;
const DORMANT_UNDO = `insert into accounts (id, account_number, company_name, is_active)
    values (4, '1618-0339-8874', 'Dormant Inc', false) on conflict do nothing;
  delete from user_profiles where user_id = 7;
  insert into user_profiles (id, user_id, account_id) values (7, 7, 4)`;
const DEFAULT_UNDO = `${setDefault(2, false)}; ${setDefault(1, true)}`;

const races: readonly Race[] = [
  {
    name: 'a row changes',
    path: '/v1/users/3',
    writes: ["update users set first_name = 'John' where id = 3"],
    undo: "update users set first_name = '' where id = 3",
    before: found({ firstName: '' }),
    after: found({ firstName: 'John' }),
  },
  {
    name: 'an absent user is created',
    path: '/v1/users/100',
    writes: ["insert into users (id, username, email) values (100, 'new', '')"],
    undo: 'delete from users where id = 100',
    before: absent('user_does_not_exist'),
    after: found({ username: 'new' }),
  },
  {
    name: 'an absent account is created and gets a member',
    path: '/v1/accounts/5555-5555-5555/users',
    writes: [
      "insert into accounts (id, account_number, company_name) values (100, '5555-5555-5555', 'Five')",
      'insert into user_profiles (user_id, account_id) values (5, 100)',
    ],
    undo: 'delete from accounts where id = 100',
    before: absent('account_does_not_exist'),
    after: listed(5),
  },
  {
    name: 'a username changes twice, asked for by the first',
    path: '/v1/users/by-username/johndoe',
    writes: [rename(3, 'interim'), rename(3, 'johnny')],
    undo: rename(3, 'johndoe'),
    before: found({ id: 3 }),
    after: absent('user_does_not_exist'),
  },
  {
    name: 'a username changes twice, asked for by the last',
    path: '/v1/users/by-username/johnny',
    writes: [rename(3, 'interim'), rename(3, 'johnny')],
    undo: rename(3, 'johndoe'),
    before: absent('user_does_not_exist'),
    after: found({ id: 3 }),
  },
  {
    name: 'a username changes for the second time, asked for by the one between',
    path: '/v1/users/by-username/interim',
    given: rename(3, 'interim'),
    writes: [rename(3, 'johnny')],
    undo: rename(3, 'johndoe'),
    before: found({ id: 3 }),
    after: absent('user_does_not_exist'),
  },
  {
    name: 'a username changes and changes back',
    path: '/v1/users/by-username/johndoe',
    writes: [
      "update users set username = 'interim', email = 'new@example.com' where id = 3",
      rename(3, 'johndoe'),
    ],
    undo: "update users set email = 'johndoe@example.com' where id = 3",
    before: found({ email: 'johndoe@example.com' }),
    after: found({ email: 'new@example.com' }),
  },
  {
    name: 'a username passes to another user',
    path: '/v1/users/by-username/johndoe',
    writes: [rename(3, 'interim'), rename(5, 'johndoe')],
    undo: `${rename(5, 'nomad')}; ${rename(3, 'johndoe')}`,
    before: found({ id: 3 }),
    after: found({ id: 5 }),
  },
  {
    name: 'a user leaves the only account',
    path: '/v1/users/7/account',
    writes: ['delete from user_profiles where id = 7'],
    undo: DORMANT_UNDO,
    before: found({ id: 4 }),
    after: absent('no_account_for_user'),
  },
  {
    name: 'a user moves from the only account to another',
    path: '/v1/users/7/account',
    writes: [
      'delete from user_profiles where id = 7',
      'insert into user_profiles (user_id, account_id) values (7, 2)',
    ],
    undo: DORMANT_UNDO,
    before: found({ id: 4 }),
    after: found({ id: 2 }),
  },
  {
    name: 'a user without an account gets one',
    path: '/v1/users/5/account',
    writes: ['insert into user_profiles (user_id, account_id) values (5, 2)'],
    undo: 'delete from user_profiles where user_id = 5',
    before: absent('no_account_for_user'),
    after: found({ id: 2 }),
  },
  {
    name: 'an account loses its only member',
    path: '/v1/accounts/1618-0339-8874/users',
    writes: ['delete from user_profiles where id = 7'],
    undo: DORMANT_UNDO,
    before: listed(7),
    after: listed(),
  },
  {
    name: 'the default switches in two transactions',
    path: '/v1/accounts/default',
    writes: [setDefault(1, false), setDefault(2, true)],
    undo: DEFAULT_UNDO,
    before: found({ id: 1 }),
    after: found({ id: 2 }),
  },
  {
    name: 'the second transaction of a switch of the default',
    path: '/v1/accounts/default',
    given: setDefault(1, false),
    writes: [setDefault(2, true)],
    undo: DEFAULT_UNDO,
    before: absent('no_default_account'),
    after: found({ id: 2 }),
  },
  {
    name: 'the default switches, for a user in both accounts',
    path: '/v1/users/6/account',
    writes: [setDefault(1, false), setDefault(2, true)],
    undo: DEFAULT_UNDO,
    before: found({ id: 1 }),
    after: found({ id: 2 }),
  },
  {
    name: 'a default comes, for a user who is in another account too',
    path: '/v1/users/6/account',
    given: `${setDefault(1, false)}; delete from user_profiles where id = 6;
      insert into user_profiles (id, user_id, account_id) values (100, 6, 1)`,
    writes: [setDefault(1, true)],
    undo: `${DEFAULT_UNDO}; delete from user_profiles where id = 100;
      insert into user_profiles (id, user_id, account_id) values (6, 6, 1)`,
    before: found({ id: 2 }),
    after: found({ id: 1 }),
  },
  {
    name: 'an account is deleted',
    path: '/v1/accounts/1618-0339-8874',
    writes: ['delete from accounts where id = 4'],
    undo: DORMANT_UNDO,
    before: found({ id: 4 }),
    after: absent('account_does_not_exist'),
  },
  {
    name: 'an account is deleted, for its member',
    path: '/v1/users/7/account',
    writes: ['delete from accounts where id = 4'],
    undo: DORMANT_UNDO,
    before: found({ id: 4 }),
    after: absent('no_account_for_user'),
  },
  {
    name: 'an account is deleted, for the owners of a resource',
    path: '/v1/user-profiles/7/valid-resource-owners',
    writes: ['delete from accounts where id = 4'],
    undo: DORMANT_UNDO,
    before: listed(7),
    after: absent('user_profile_does_not_exist'),
  },
];

describe.each(sampled(races))('$name', ({ path, given, writes, undo, before, after }) => {
  beforeEach(async () => {
    if (given) await sql(stack.current, given);
    await drainNow(stack.current);
    await emptyRedis(stack.current);
  });
  afterEach(() => sql(stack.current, undo));

  test.each([
    { where: 'before its SQL is sent', request: ANY_SQL, point: 'unsent', own: after },
    { where: 'after Postgres has answered', request: ANY_SQL, point: 'answered', own: before },
    { where: 'before its fill is sent', request: scripts.fill, point: 'unsent', own: before },
  ] as const)(
    'a reader that stands still $where leaves nothing old behind',
    async ({ request, point, own }) => {
      const held = holdNext(stack.current, request, point);
      const slow = see(newIsolate(stack.current), path);
      await held.reached;
      for (const write of writes) {
        await sql(stack.current, write);
        await drainNow(stack.current);
      }
      held.letGo();
      expect(await slow).toEqual(own);
      expect(await see(newIsolate(stack.current), path)).toEqual(after);
    },
  );
});

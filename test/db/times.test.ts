import { beforeAll, describe, expect, test } from 'vitest';
import type { AuditPage } from '../../src/db/reads/audit.ts';
import { type Db, makeDbOver } from '../../src/db/client/client.ts';
import { createKeyRow } from '../../src/db/writes/keys.ts';
import { createUserRows } from '../../src/db/writes/user-creation.ts';
import { changeUserRow } from '../../src/db/writes/users.ts';
import { selectUserById } from '../../src/db/reads/users.ts';
import { listAuditEntries } from '../../src/directory/audit.ts';
import { ROOT } from '../../src/directory/caller.ts';
import type { Deps } from '../../src/directory/deps.ts';
import { makeKeyUses } from '../../src/directory/keys/uses.ts';
import { listKeys } from '../../src/directory/keys/keys.ts';
import { listAccounts, listUsers } from '../../src/directory/lists.ts';
import { makeFakeCache } from '../support/cache/fake-cache.ts';
import { wrapClient } from '../support/clients.ts';
import { loadEveryLookUp } from '../support/db/every-look-up.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });
const neon = useNeon(session);

const author = { actor: 'test', requestId: '1' };
const anyState = {
  states: null,
  onlyIn: null,
  platformNumber: '3141-5926-5359',
  outOfReach: null,
  mayTakeLastAdmin: false,
};
const OLD = new Date('1900-01-01T00:00:00.000Z');

beforeAll(() =>
  session.query(`
    update users set date_joined = '2026-02-13 23:30:00.123456+00', last_login = '1900-01-01 00:00:00+00' where id = 1;
    update accounts set created_at = '2026-03-04 05:06:07+00';
    insert into api_keys (id, name, scopes, sha256, expires_at) values (1, 'a', '{}', repeat('0', 64), '2026-02-03 00:00:00+00')`),
);

/** The database to sessions whose settings somebody has changed. */
function bentBy(settings: Readonly<Record<string, string>>): Db {
  const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  const { $client } = neon.db;
  const set = $client.query(`select ${calls.join(', ')}`);
  const client = wrapClient($client, async (queries) =>
    (await $client.transaction([set, ...queries])).slice(1),
  );
  return makeDbOver(client);
}

const SETTINGS = [
  { datestyle: 'SQL, DMY' },
  { datestyle: 'SQL, MDY' },
  { datestyle: 'German' },
  { datestyle: 'Postgres, DMY' },
  { timezone: 'Europe/Paris' },
  { timezone: 'Asia/Kolkata', datestyle: 'SQL, DMY', intervalstyle: 'sql_standard' },
  { timezone: 'America/St_Johns', datestyle: 'Postgres' },
];

function depsOf(db: Db): Deps {
  const cache = makeFakeCache();
  const platform = {
    accountNumber: '3141-5926-5359',
    adminUsername: 'admin',
    rootDomain: 'corp.example',
    environment: 'test',
    keysPerAccount: 1_000,
  };
  return { cache, db, platform, keyUses: makeKeyUses(), log: cache.log };
}

const everything: AuditPage = {
  actor: null,
  requestId: null,
  entity: null,
  entityId: null,
  since: null,
  until: null,
  after: null,
  limit: 500,
};

/** Every list past the caches. */
async function listAll(db: Db) {
  const deps = depsOf(db);
  const page = { isActive: null, prefix: null, after: null, limit: 500 };
  return [
    await listUsers(deps, page, {}),
    await listUsers(deps, { ...page, isActive: true }, {}),
    await listAccounts(deps, page, {}),
    await listKeys(deps, ROOT, undefined, { afterId: 0, limit: 500, isCached: false }),
    await listAuditEntries(deps, everything, {}),
    await listAuditEntries(deps, { ...everything, actor: 'test' }, {}),
  ];
}

describe.each(SETTINGS)('under %j', (settings) => {
  test('every look-up and list answers the same times', async () => {
    expect(await loadEveryLookUp(bentBy(settings))).toEqual(await loadEveryLookUp(neon.db));
    expect(await listAll(bentBy(settings))).toEqual(await listAll(neon.db));
  });

  test('a time that is written is the one that was given, and so is its entry in the audit log', async () => {
    const { current } = await changeUserRow(bentBy(settings), author, 3, { lastLogin: OLD }, anyState);
    expect(current?.lastLogin).toEqual(OLD);
    expect((await selectUserById(neon.db, 3))?.lastLogin).toEqual(OLD);
    const { items } = await listAuditEntries(
      depsOf(neon.db),
      { ...everything, entity: 'user', entityId: 3, limit: 1 },
      {},
    );
    expect(items[0]?.changes['lastLogin']).toEqual({ before: null, after: OLD.toISOString() });
    await changeUserRow(neon.db, author, 3, { lastLogin: null }, anyState);
  });

  test('what is created has the times that it was given', async () => {
    const username = `old ${JSON.stringify(settings)}`.slice(0, 100);
    const newUser = { username, email: 'old@example.com', lastLogin: OLD };
    const users = await createUserRows(bentBy(settings), author, [newUser], null, false);
    expect(users.value[0]?.user?.lastLogin).toEqual(OLD);
    const key = { name: 'k', scopes: [], accountNumber: null, expiresAt: OLD, sha256: '0'.repeat(64) };
    const made = await createKeyRow(bentBy(settings), author, null, key, null, 1_000);
    expect(made.value).toMatchObject({ key: { expiresAt: OLD } });
  });
});

describe('an odd time that a table holds takes no list down', () => {
  const LAST = '9999-12-31T23:59:59.999Z';
  const FIRST = '1000-01-01T00:00:00.000Z';

  test.each([
    ['infinity', LAST],
    ['-infinity', FIRST],
    ['294276-12-31 00:00:00+00', LAST],
    ['0044-03-15 00:00:00+00 BC', FIRST],
  ])('%s', async (odd, shown) => {
    await session.query(`alter table api_keys drop constraint if exists api_keys_dates`);
    await session.query(`alter table users drop constraint if exists users_dates`);
    await session.query(`alter table accounts drop constraint if exists accounts_dates`);
    await session.query(`update api_keys set expires_at = '${odd}', created_at = '${odd}' where id = 1`);
    await session.query(`update users set date_joined = '${odd}', last_login = '${odd}' where id = 2`);
    await session.query(`update accounts set created_at = '${odd}' where id = 2`);
    const [users, , accounts, keys] = await listAll(neon.db);
    const text = JSON.stringify([users, accounts, keys]);
    expect(text.split(shown)).toHaveLength(6);
    expect(await selectUserById(neon.db, 2)).toMatchObject({ dateJoined: new Date(shown) });
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { type Db, makeDbOver } from '../../src/db/client/client.ts';
import { createKeyRow } from '../../src/db/writes/keys/keys.ts';
import { createUserRows } from '../../src/db/writes/user-creation.ts';
import { changeUserRow } from '../../src/db/writes/users.ts';
import { selectUserById } from '../../src/db/reads/users.ts';
import { listAuditEntries } from '../../src/directory/audit.ts';
import { wrapClient } from '../support/clients.ts';
import { makeDirectoryDeps } from '../support/db/directory-deps.ts';
import { readEveryList, wholeAudit } from '../support/db/every-list.ts';
import { loadEveryLookUp } from '../support/db/every-look-up.ts';
import { useNeon } from '../support/db/neon.ts';
import { sampled } from '../support/scale.ts';
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

/** The answers of every look-up to a session with unchanged settings. No test writes a row that they show. */
let straight: Awaited<ReturnType<typeof loadEveryLookUp>>;

beforeAll(async () => {
  await session.query(`
    update users set date_joined = '2026-02-13 23:30:00.123456+00', last_login = '1900-01-01 00:00:00+00' where id = 1;
    update accounts set created_at = '2026-03-04 05:06:07+00';
    insert into api_keys (id, name, scopes, sha256, expires_at) values (1, 'a', '{}', repeat('0', 64), '2026-02-03 00:00:00+00');
    select setval('api_keys_id_seq', 1000)`);
  straight = await loadEveryLookUp(neon.db);
});

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

describe.each(sampled(SETTINGS, 1))('under %j', (settings) => {
  test('every look-up and list answers the same times', async () => {
    expect(await loadEveryLookUp(bentBy(settings))).toEqual(straight);
    expect(await readEveryList(bentBy(settings))).toEqual(await readEveryList(neon.db));
  });

  test('a time that is written is the one that was given, and so is its entry in the audit log', async () => {
    const { current } = await changeUserRow(bentBy(settings), author, 5, { lastLogin: OLD }, anyState);
    expect(current?.lastLogin).toEqual(OLD);
    expect((await selectUserById(neon.db, 5))?.lastLogin).toEqual(OLD);
    const { items } = await listAuditEntries(
      makeDirectoryDeps(neon.db),
      { ...wholeAudit, entity: 'user', entityId: 5, limit: 1 },
      {},
    );
    expect(items[0]?.changes['lastLogin']).toEqual({ before: null, after: OLD.toISOString() });
    await changeUserRow(neon.db, author, 5, { lastLogin: null }, anyState);
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

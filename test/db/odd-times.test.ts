import { describe, expect, test } from 'vitest';
import { type AuditPage, selectAuditRows } from '../../src/db/reads/audit.ts';
import { selectUserById } from '../../src/db/reads/users.ts';
import { listAuditEntries } from '../../src/directory/audit.ts';
import { makeDirectoryDeps } from '../support/db/directory-deps.ts';
import { readEveryList, wholeAudit } from '../support/db/every-list.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

/** Each test has the tables to itself, for it takes away the checks that keep odd times out. */
const session = useSession({ seed: 'each' });
const neon = useNeon(session);

/** The service shows times beyond its bounds as the last time, and those before them as the first. */
const LAST = '9999-12-31T23:59:59.999Z';
const FIRST = '1000-01-01T00:00:00.000Z';

describe('an odd time that a table holds takes no list down', () => {
  test.each([
    ['infinity', LAST],
    ['-infinity', FIRST],
    ['294276-12-31 00:00:00+00', LAST],
    ['0044-03-15 00:00:00+00 BC', FIRST],
  ])('%s', async (odd, shown) => {
    await session.query(`
      alter table api_keys drop constraint if exists api_keys_dates;
      alter table users drop constraint if exists users_dates;
      alter table accounts drop constraint if exists accounts_dates;
      insert into api_keys (name, scopes, sha256, expires_at, created_at) values ('a', '{}', repeat('0', 64), '${odd}', '${odd}');
      update users set date_joined = '${odd}', last_login = '${odd}' where id = 2;
      update accounts set created_at = '${odd}' where id = 2`);
    const { users, accounts, keys } = await readEveryList(neon.db);
    expect(JSON.stringify([users, accounts, keys]).split(shown)).toHaveLength(6);
    expect(await selectUserById(neon.db, 2)).toMatchObject({ dateJoined: new Date(shown) });
  });
});

test('pages of an audit log with odd times show each entry once, and come to an end', async () => {
  const odd = [
    'infinity',
    '12345-01-01 00:00:00+00',
    '2026-01-02 03:04:05.678901+00',
    '0999-05-06 00:00:00+00',
    '0044-03-15 00:00:00+00 BC',
    '-infinity',
  ];
  await session.query('alter table audit_log drop constraint if exists audit_log_dates');
  for (const time of [...odd, ...odd]) {
    await session.query(
      `insert into audit_log (at, actor, request_id, action, entity, entity_id, changes)
       values ('${time}', 'odd', 'x', 'update', 'user', 1, '{}')`,
    );
  }
  const page: AuditPage = { ...wholeAudit, actor: 'odd', entity: 'user', limit: 1 };
  const rows = await selectAuditRows(neon.db, { ...page, limit: 500 });
  expect(rows).toHaveLength(2 * odd.length);
  const deps = makeDirectoryDeps(neon.db);
  const shown: { id: number; at: string }[] = [];
  let after: AuditPage['after'] = null;
  do {
    const { items, next } = await listAuditEntries(deps, { ...page, after }, {});
    shown.push(...items.map(({ id, at }) => ({ id, at })));
    after = next;
  } while (after && shown.length <= rows.length);
  expect(shown.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  expect(new Set(shown.map(({ at }) => at))).toEqual(
    new Set(['9999-12-31T23:59:59.999999Z', '2026-01-02T03:04:05.678901Z', '1000-01-01T00:00:00.000000Z']),
  );
});

import { expect, test } from 'vitest';
import { MAX_REVOKED, revokeKeyRows } from '../../src/db/writes/keys/revocations.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession();
const neon = useNeon(session);
const sha256 = '0'.repeat(64);

test('a maker with a higher id than all of too many keys is locked too', async () => {
  const maker = 99_999;
  await session.query(
    `insert into api_keys (id, name, scopes, sha256, created_by)
     select n, 'Key', array['keys:write'], $1, case when n between 11 and ${MAX_REVOKED + 20} then 'key:10' end
     from generate_series(10, ${MAX_REVOKED + 20}) as n union all select ${maker}, 'Maker', array['keys:write'], $1, null`,
    [sha256],
  );
  const rights = { maker: { id: maker, sha256, reach: null }, reach: null };
  const { isTooMuch, isAllowed } = await revokeKeyRows(
    neon.db,
    { actor: 'test', requestId: '1' },
    10,
    rights,
    true,
  );
  expect({ isTooMuch, isAllowed }).toEqual({ isTooMuch: true, isAllowed: true });
  // The transaction that has locked a row stays in its xmax.
  const rows = await session.query(
    `select m.xmax = k.xmax as same from api_keys as m, api_keys as k where m.id = ${maker} and k.id = 10`,
  );
  expect(rows).toEqual([{ same: true }]);
});

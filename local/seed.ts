import { Client } from 'pg';

/** Every time in the seed is this one, so that a question prints the same answer after every start. */
const SEEDED_AT = '2026-01-01T00:00:00Z';

// Postgres runs one string as one transaction.
const seedSql = `
insert into public.accounts
  (id, account_number, company_name, is_default_account, is_active, created_at, updated_at)
select id, account_number, company_name, is_default_account, is_active, '${SEEDED_AT}', '${SEEDED_AT}'
from (values
  (1, '3141-5926-5359', 'Smarter', true, true),
  (2, '1234-5678-9012', 'Stackademy', false, true),
  (3, '2718-2818-2845', 'Empty Ltd', false, true),
  (4, '1618-0339-8874', 'Dormant Inc', false, false)
) as companies (id, account_number, company_name, is_default_account, is_active);

insert into public.users (id, username, email, is_staff, is_superuser, date_joined)
select id, username, username || '@example.com', is_staff, is_superuser, '${SEEDED_AT}'
from (values
  (1, 'admin', true, true),
  (2, 'staff_user', true, false),
  (3, 'johndoe', false, false),
  (4, 'janedoe', true, false),
  (5, 'nomad', false, false),
  (6, 'both', false, false),
  (7, 'dormant_dan', false, false)
) as people (id, username, is_staff, is_superuser);

insert into public.user_profiles (id, user_id, account_id, created_at, updated_at)
select id, user_id, account_id, '${SEEDED_AT}', '${SEEDED_AT}'
from (values (1, 1, 1), (2, 2, 1), (3, 3, 2), (4, 4, 2), (5, 6, 2), (6, 6, 1), (7, 7, 4))
  as memberships (id, user_id, account_id);

select setval(pg_get_serial_sequence('public.accounts', 'id'), (select max(id) from public.accounts)),
       setval(pg_get_serial_sequence('public.users', 'id'), (select max(id) from public.users)),
       setval(pg_get_serial_sequence('public.user_profiles', 'id'), (select max(id) from public.user_profiles));
`;

const anySeedAccount = `
select from public.accounts
where account_number in ('3141-5926-5359', '1234-5678-9012', '2718-2818-2845', '1618-0339-8874')`;

/**
 * Fills a migrated database with the accounts, users and profiles of the local stack, under the documented ids. Does
 * nothing when any of its accounts exists.
 */
export async function seed(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query(anySeedAccount);
    if (rowCount === 0) await client.query(seedSql);
  } finally {
    await client.end();
  }
}

import { Client } from 'pg';

/** The id of the first resident. The local stack's own users have lower ids. */
export const FIRST_RESIDENT = 1_000_000;

const FIRST_NAMES = [
  'Maria',
  'José',
  'Wei',
  'Aisha',
  'Oluwaseun',
  'Anna',
  'Lars',
  'Priya',
  'Yuki',
  'Charlotte',
];
const LAST_NAMES = [
  'González',
  'Müller',
  'Chen',
  'Nakamura',
  'Okonkwo',
  'Smith',
  'van der Berg',
  'Johansson',
  'Iyer',
  'Brown',
  'Kowalska',
];

/**
 * Adds `count` users with the data of a usual directory: names of usual length, an e-mail address, a first and a last
 * name, and a last log-in for every second one. Ids begin at `FIRST_RESIDENT`.
 */
export async function settleResidents(postgresUrl: string, count: number): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(
      `insert into users (id, username, email, first_name, last_name, last_login)
       select ${FIRST_RESIDENT} + n, name, name || '@example.com', first, last,
         case when n % 2 = 0 then now() - n * interval '1 minute' end
       from (
         select n, first, last, lower(replace(first, 'é', 'e') || '.' || translate(last, 'áü ', 'au-')) || n as name
         from (
           select n, ($1::text[])[1 + n % $3] as first, ($2::text[])[1 + n % $4] as last
           from generate_series(0, ${count - 1}) as n) as drawn) as named`,
      [FIRST_NAMES, LAST_NAMES, FIRST_NAMES.length, LAST_NAMES.length],
    );
    // No cache holds any of them. A drain would invalidate the entries that the measurement needs.
    await client.query('delete from cache_invalidations');
  } finally {
    await client.end();
  }
}

import { Client } from 'pg';
import { seed } from '../../local/seed.ts';

/** A table of more bytes has many rows, alive or dead, and is cheaper to truncate. */
const MAX_DELETED_BYTES = 2 ** 17;

// TRUNCATE gives each table and index a new file, and Postgres then plans every statement of the triggers anew. Where
// the tables are small, deletes take a third of the time. The triggers of the first tables write into the last ones. That
// of the audit log only deletes.
const EMPTYING = `
with tables as (
  select format('public.%I', relname) as name, pg_relation_size(oid) as bytes,
    relname <> 'audit_log' and exists (
      select from pg_trigger where tgrelid = pg_class.oid and not tgisinternal and tgtype & 8 <> 0
    ) as writes
  from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
),
sequences as (
  select string_agg(format('select setval(%L, %s, false)', format('public.%I', sequencename), start_value), '; ') as reset
  from pg_sequences where schemaname = 'public'
)
select case
  when max(bytes) > ${MAX_DELETED_BYTES}
    then format('truncate %s restart identity cascade; delete from public.cache_invalidations', string_agg(name, ', '))
  else concat_ws('; ', string_agg('delete from ' || name, '; ' order by writes desc), (select reset from sequences))
end as sql from tables`;

/** Empties a migrated database, and seeds it. */
export async function seedAnew(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ sql: string }>(EMPTYING);
    await client.query(rows[0]?.sql ?? '');
  } finally {
    await client.end();
  }
  await seed(url);
}

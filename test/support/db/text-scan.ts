/** Runs a query with parameters, and answers its rows. */
type Query = (text: string, params: unknown[]) => Promise<unknown>;

/** The tables that hold a row in whose text one of the words is, in any letters. */
export async function tablesWith(query: Query, words: readonly string[]): Promise<string[]> {
  const [{ asked }] = (await query(
    `select string_agg(format(
       'select %1$L as name where exists (select from %1$s as r, unnest($1::text[]) as w where strpos(lower(r::text), lower(w)) > 0)',
       format('%I.%I', schemaname, tablename)
     ), ' union all ' order by schemaname, tablename) as asked
     from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    [],
  )) as [{ asked: string }];
  const found = (await query(asked, [words])) as { name: string }[];
  return found.map(({ name }) => name);
}

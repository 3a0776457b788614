import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { readWorkerConfig } from '../../local/worker-config.ts';
import { makeDb } from '../../src/db/client/client.ts';
import { selectUsers, type UserPage } from '../../src/db/reads/lists.ts';
import { type Reading, readingOf } from '../../test/support/db/plan-reading.ts';
import { medianNs } from '../measure.ts';
import type { Question, Result } from '../question.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { type Product, startProduct } from '../workerd/product.ts';
import { rawRequest } from '../workerd/raw-client.ts';
import { FIRST_RESIDENT } from '../workerd/residents.ts';
import { describeSpeed } from '../workerd/rounds-table.ts';
import { raceServed } from '../workerd/served-race.ts';

const { vars } = readWorkerConfig(fileURLToPath(new URL('../../wrangler.toml', import.meta.url)));

type SealCursor = (env: object, list: string, cursor: object) => Promise<string>;

// This is a module of the Worker. Its types conflict with those of Node, so it is loaded without them.
const { sealCursor } = (await import(new URL('../../src/cursor.ts', import.meta.url).href)) as {
  sealCursor: SealCursor;
};

const USERS = 1_000_000;
/** An embedded Postgres lacks the memory to insert more in one statement. */
const PORTION = 50_000;
const PAGE = 100;
/** One more row shows whether there is another page. Active and inactive users are two stretches of an index. */
const MOST_ROWS = 2 * (PAGE + 1);
const NS_PER_MS = 1e6;
const DEADLINE_MS = 30_000;

/** The user right before the last page. The list begins with the local stack's own users. */
const BEFORE_LAST = USERS - PAGE;

interface List {
  readonly name: string;
  readonly query: string;
  readonly prefix: UserPage['prefix'];
  /** The position of the last page, as `cursor` encodes it. */
  readonly after: { readonly key: string | null; readonly id: number };
}

const lists: readonly List[] = [
  {
    name: 'by id',
    query: `limit=${PAGE}`,
    prefix: null,
    after: { key: null, id: FIRST_RESIDENT + BEFORE_LAST },
  },
  {
    name: 'by username',
    query: `limit=${PAGE}&usernamePrefix=user`,
    prefix: { field: 'username', text: 'user' },
    after: { key: usernameOf(BEFORE_LAST), id: FIRST_RESIDENT + BEFORE_LAST },
  },
];

/**
 * The first and the last page of lists of a million users: how long callers wait, over HTTP and past the cache, and how
 * many rows Postgres reads, by EXPLAIN ANALYZE.
 */
export const question: Question = {
  name: 'lists',
  async ask() {
    const product = await startProduct({ isSilent: true });
    try {
      await settleMillion(product.postgresUrl);
      const results = [];
      for (const list of lists) results.push(await time(product, list), await count(product, list));
      return results;
    } finally {
      await product.close();
    }
  },
};

function usernameOf(n: number): string {
  return `user${String(n).padStart(7, '0')}`;
}

/** Users in the same order by id and by username, one in ten inactive. No cache holds any of them yet. */
async function settleMillion(postgresUrl: string): Promise<void> {
  await withClient(postgresUrl, async (client) => {
    await client.query('alter table users disable trigger user');
    for (let first = 1; first <= USERS; first += PORTION) {
      await client.query(`
        insert into users (id, username, username_compared, email, is_active)
        select ${FIRST_RESIDENT} + n, 'user' || lpad(n::text, 7, '0'), 'user' || lpad(n::text, 7, '0'), 'user' || n || '@example.com', n % 10 <> 0
        from generate_series(${first}, ${first + PORTION - 1}) as n`);
    }
    await client.query('alter table users enable trigger user; analyze users');
  });
}

async function time(product: Product, { name, query, prefix, after }: List): Promise<Result> {
  const url = `${product.url}/v1/users?${query}`;
  // The route gives its lists this name.
  const list = JSON.stringify(['users', null, prefix && [prefix.field, prefix.text]]);
  const last = `${url}&cursor=${await sealCursor({ ...vars, ...product.env }, list, { ...after, limit: null })}`;
  const rounds = await raceServed([
    { name: 'first', requests: [rawRequest(url, AS_ROOT)] },
    { name: 'last', requests: [rawRequest(last, AS_ROOT)] },
  ]);
  const msOf = (page: string): string => (medianNs(rounds, page) / NS_PER_MS).toFixed(2);
  return {
    ...common(name),
    measure: `ms of service per page of ${PAGE}, first and last`,
    ours: `${msOf('first')} and ${msOf('last')}`,
    ratio: describeSpeed(rounds, 'last', 'first'),
    met: null,
  };
}

async function count(product: Product, { name, prefix, after }: List): Promise<Result> {
  const read = (page: UserPage['after']): Promise<Reading> =>
    withClient(product.postgresUrl, (client) =>
      readingOf(
        makeDb(product.env['DATABASE_URL'] ?? '', DEADLINE_MS),
        async (sql, params) => (await client.query(sql, params)).rows,
        (db) => selectUsers(db, { isActive: null, prefix, after: page, limit: PAGE + 1 }),
      ),
    );
  const [first, last] = [await read(null), await read(after)];
  return {
    ...common(name),
    measure: 'rows read, of which answered; 8 KiB buffers; first and last page',
    ours: `${describe(first)} and ${describe(last)}`,
    ratio: `${(last.rows / first.rows).toFixed(2)}x rows`,
    met: last.rows <= first.rows && first.rows <= MOST_ROWS,
  };
}

function common(name: string) {
  return {
    question: `list of ${USERS.toLocaleString('en')} users, ${name}`,
    peers: '',
    target: 'same cost',
  };
}

function describe({ rows, answered, buffers }: Reading): string {
  return `${rows}, ${answered}; ${buffers}`;
}

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

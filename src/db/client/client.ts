import { neon, neonConfig, type NeonQueryFunction } from '@neondatabase/serverless';
import { sql } from 'drizzle-orm';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';
import { LOCAL_HOSTS } from '../../lib/local-hosts.ts';
import { checkAnswers } from './checked-session.ts';
import { fetchChecked } from './neon-fetch.ts';
import { sendTimesInSeconds } from './times.ts';
import { valueParsers } from './value-parsers.ts';

/** Neon's driver for one database. */
export type Client = NeonQueryFunction<boolean, boolean>;

export type Db = NeonHttpDatabase & { readonly $client: Client };

const { fetchEndpoint: neonEndpoint } = neonConfig;

// Neon's driver reads these two from its global configuration, so they serve all databases. Neither depends on one.
neonConfig.fetchFunction = fetchChecked;
// A local Postgres is behind a bridge that speaks Neon's protocol, on the port in the URL.
neonConfig.fetchEndpoint = (host, port, options) => {
  if (LOCAL_HOSTS.has(host)) return `http://${host}:${port}/sql`;
  return typeof neonEndpoint === 'function' ? neonEndpoint(host, port, options) : neonEndpoint;
};

/** Postgres through Neon's HTTP protocol. Each request, a batch too, fails after `deadlineMs`. */
export function makeDb(databaseUrl: string, deadlineMs: number): Db {
  const fetchOptions = {
    // A redirect would send the password to another server.
    redirect: 'manual',
    // The driver spreads these options into every fetch, so the getter gives each fetch its own deadline.
    get signal() {
      return AbortSignal.timeout(deadlineMs);
    },
  };
  const client: Client = neon<boolean, boolean>(databaseUrl, { fetchOptions });
  const { query } = client;
  client.query = (text, values, options) => query(text, values, { ...options, types: valueParsers });
  return makeDbOver(client);
}

export function makeDbOver(client: Client): Db {
  const db: Db = drizzle(client);
  sendTimesInSeconds(db);
  checkAnswers(db);
  return db;
}

/** Resolves when Postgres answers the cheapest statement. */
export async function selectOne(db: Db): Promise<void> {
  await db.execute(sql`select 1`);
}

import { neon, neonConfig } from '@neondatabase/serverless';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';
import { fetchResults } from './neon-results.ts';

export type Db = NeonHttpDatabase;

const localHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);
const neonEndpoint = neonConfig.fetchEndpoint;

// A Postgres on this machine stands behind a bridge for Neon's protocol on the port that its URL names.
neonConfig.fetchEndpoint = (host, port, options) => {
  if (localHosts.has(host)) return `http://${host}:${port}/sql`;
  return typeof neonEndpoint === 'function' ? neonEndpoint(host, port, options) : neonEndpoint;
};

neonConfig.fetchFunction = fetchResults;

/** Postgres through Neon's HTTP protocol. Each request, a batch too, fails after `deadlineMs`. */
export function makeDb(databaseUrl: string, deadlineMs: number): Db {
  const fetchOptions = {
    // The driver spreads these options into every fetch: a getter makes a fresh signal each time.
    get signal() {
      return AbortSignal.timeout(deadlineMs);
    },
  };
  return drizzle(neon(databaseUrl, { fetchOptions }));
}

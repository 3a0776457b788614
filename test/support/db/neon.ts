import { afterAll, beforeAll } from 'vitest';
import { startNeonBridge } from '../../../local/neon-bridge.ts';
import { type Db, makeDb } from '../../../src/db/client/client.ts';
import type { Session } from './session.ts';

/** However busy the machine. */
const deadlineMs = 250_000;

export interface Neon {
  readonly db: Db;
  /** What the Worker has as DATABASE_URL. */
  readonly url: string;
  /** The HTTP requests that the work has cost. */
  requestsOf(work: () => Promise<unknown>): Promise<number>;
}

/** The session's database as the Worker sees it: drizzle over Neon's protocol. */
export function useNeon(session: Session): Neon {
  let bridge: Awaited<ReturnType<typeof startNeonBridge>>;
  let url: string;
  let db: Db;

  beforeAll(async () => {
    bridge = await startNeonBridge({ port: 0, postgresUrl: session.url });
    url = urlThrough(bridge.port, session.url);
    db = makeDb(url, deadlineMs);
  });
  afterAll(() => bridge.close());

  return {
    get db() {
      return db;
    },
    get url() {
      return url;
    },
    async requestsOf(work) {
      const before = bridge.counts().requests;
      await work();
      return bridge.counts().requests - before;
    },
  };
}

function urlThrough(port: number, postgresUrl: string): string {
  const url = new URL(postgresUrl);
  url.host = `127.0.0.1:${port}`;
  url.username ||= 'postgres';
  url.password ||= 'postgres';
  return url.href;
}

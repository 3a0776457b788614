import { LOCAL_KEY } from '../../../local/stack.ts';
import { startTwoWorkers } from '../../engines/two-workers.ts';
import type { Io } from '../../../cli/io.ts';
import { type Outcome, runWith, type World } from '../fake-io.ts';
import { wordsOf } from '../words.ts';

/** The local stack, and the command line that asks it. */
export interface Service {
  /** Runs a command line, without `edge-accounts`, by default with the local key. */
  run(line: string, world?: World): Promise<Outcome>;
  /** The same, of which the result is one JSON document. Throws if it fails. */
  json<T>(line: string, world?: World): Promise<T>;
  /** Sends a request to the stack, as a command line does. */
  readonly fetch: Io['fetch'];
  /** The environment of a key. */
  as(key: string): World;
  close(): Promise<void>;
}

/** The address that `npm run dev` prints, and the examples use. */
const PRINTED = 'http://127.0.0.1:8787';

export async function startService(): Promise<Service> {
  const two = await startTwoWorkers();
  const { origin } = two.workers.url;
  const fetchThere = (url: string, init: RequestInit) => fetch(url.replace(PRINTED, origin), init);
  const env = {
    EDGE_ACCOUNTS_URL: PRINTED,
    EDGE_ACCOUNTS_KEY: LOCAL_KEY,
    DATABASE_URL: two.stack.postgresUrl,
  };
  const run = (line: string, world: World = {}) =>
    runWith(wordsOf(line), { fetch: fetchThere, ...world, env: { ...env, ...world.env } });
  return {
    run,
    fetch: fetchThere,
    async json<T>(line: string, world?: World) {
      const { code, stdout, stderr } = await run(`${line} --json`, world);
      if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    as: (key) => ({ env: { EDGE_ACCOUNTS_KEY: key } }),
    close: () => two.close(),
  };
}

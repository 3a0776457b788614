import { type Requester, Redis as Upstash } from '@upstash/redis';
import { UpstashCache } from 'drizzle-orm/cache/upstash';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pg-proxy';
import { users } from '../../src/db/schema/tables.ts';
import { embedEngine, type Engine } from '../../test/coherence/engine.ts';
import { type Cluster, ID, type Instance, type Side, TTL_MS, type World } from './world.ts';

const MS_PER_S = 1_000;
const columns = { id: users.id, revision: users.revision };

/** Drizzle's own cache of queries over Upstash's client. It has no memory tier. */
export const drizzleSide: Side = { name: 'drizzle upstashCache', open: openDrizzle };

// The embedded engine is used even when REDIS_URL is set: HEXPIRE needs Redis 7.4.
async function openDrizzle(world: World): Promise<Cluster> {
  const engine = await embedEngine();
  return {
    start: () => startDrizzle(world, makeRequester(world, engine)),
    close: () => engine.close(),
  };
}

function startDrizzle({ origin }: World, requester: Requester): Instance {
  const cache = new UpstashCache(new Upstash(requester), { ex: TTL_MS / MS_PER_S });
  const ask = async (sql: string) => {
    if (sql.startsWith('select')) {
      const { id, revision } = await origin.load();
      return { rows: [[id, revision]] };
    }
    origin.commit();
    return { rows: [] };
  };
  const db = drizzle(ask, { cache });
  const isAsked = eq(users.id, ID);
  return {
    async read() {
      const [row] = await db.select(columns).from(users).where(isAsked).$withCache();
      if (!row) throw new Error('drizzle has found nothing');
      return row;
    },
    write: async () => db.update(users).set({ firstName: 'Changed' }).where(isAsked),
  };
}

/** One request to Upstash with a command or a list of commands. */
function makeRequester({ tier }: World, engine: Engine): Requester {
  return {
    async request({ path, body }) {
      const isPipeline = path?.[0] === 'pipeline';
      // The client makes requests of this shape.
      const commands = (isPipeline ? body : [body]) as unknown[][];
      const replies = await tier.ask(() => Promise.all(commands.map((command) => run(engine, command))));
      // The caller states the type that it expects. A pipeline is answered with the list itself.
      return (isPipeline ? replies : replies[0]) as object;
    },
  };
}

async function run(
  engine: Engine,
  command: readonly unknown[],
): Promise<{ result?: unknown; error?: string }> {
  const [name = '', text = '', keys = '', ...args] = command.map(String);
  // The store remembers no scripts, so the client sends their text.
  if (name.toLowerCase() === 'evalsha') return { error: 'NOSCRIPT' };
  const reply =
    name.toLowerCase() === 'eval'
      ? engine.evaluate(text, args.slice(0, Number(keys)), args.slice(Number(keys)))
      : engine.evaluate('return redis.call(unpack(ARGV))', [], command.map(String));
  return reply.then(
    (result) => ({ result }),
    (error: unknown) => ({ error: String(error) }),
  );
}

import { makeBreaker } from '../../src/cache/breaker.ts';
import type { Cache } from '../../src/cache/cache.ts';
import type { LookUpDefinition } from '../../src/cache/look-up.ts';
import { systemClock } from '../../src/cache/clock.ts';
import { OriginUnavailable } from '../../src/cache/errors.ts';
import { makeMemory } from '../../src/cache/memory/memory.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import { makeSeal } from '../../src/cache/shared/seal.ts';
import { makeCounts } from '../../src/cache/counts/counts.ts';
import { makeSharedStore } from '../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../src/cache/shared/upstash.ts';
import { consoleLog } from '../../src/lib/log.ts';

interface DyingEnv {
  readonly REDIS_URL: string;
  readonly REDIS_TOKEN: string;
  readonly DATABASE_ID: string;
  readonly ORIGIN_URL: string;
  readonly ORIGIN_DEADLINE_MS: string;
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

// A context that keeps no load alive, as if the platform had ended its request.
const unanchored: Context = { waitUntil: () => {} };

type Load = (url: string) => Promise<string>;

const isolate = {
  memory: makeMemory({ maxBytes: 2 ** 20, ttlMs: 60_000 }),
  inFlight: new Map(),
  breaker: makeBreaker({ failures: 1_000, coolDownMs: 1_000 }),
  originBreaker: makeBreaker({ failures: 1_000, coolDownMs: 1_000 }),
  seal: makeSeal('a secret', 'tests'),
  counts: makeCounts(),
};
let reading = 0;

const loadFrom: Load = async (url) => (await fetch(url)).text();
const loads: Record<string, Load> = {
  async 'loader-throws'(url) {
    await loadFrom(url);
    throw new Error('the loader throws');
  },
  async 'loader-hangs'(url) {
    await loadFrom(url);
    return new Promise<string>(() => {});
  },
};

/**
 * `GET /<kind of request>/<key>` reads the key through the cache. `GET /reading` answers the number of reads under way.
 */
export default {
  async fetch(request: Request, env: DyingEnv, ctx: Context): Promise<Response> {
    const [, how = '', key = ''] = new URL(request.url).pathname.split('/');
    if (how === 'reading') return Response.json(reading);
    const answer = readCounted(env, how === 'cut-off' ? unanchored : ctx, how, key).then(
      (value) => new Response(value),
      toUnavailable,
    );
    if (how === 'returns-early' || how === 'cut-off') return new Response('early');
    if (how === 'handler-throws') throw new Error('the handler throws');
    return answer;
  },
};

// The runtime answers other errors with a bare 500.
function toUnavailable(error: unknown): Response {
  if (error instanceof OriginUnavailable) return new Response('unavailable', { status: 503 });
  throw error;
}

async function readCounted(env: DyingEnv, ctx: Context, how: string, key: string): Promise<string> {
  reading += 1;
  try {
    return await readThrough(makeCache(env, ctx), lookUp, { env, how }, key);
  } finally {
    reading -= 1;
  }
}

const lookUp: LookUpDefinition<{ env: DyingEnv; how: string }, string, string> = {
  kind: 0,
  key: (key) => key,
  parse: String,
  async load({ env: { ORIGIN_URL }, how }, key) {
    const load = loads[how] ?? loadFrom;
    return { value: await load(`${ORIGIN_URL}/${key}`), tags: [key] };
  },
};

function makeCache(env: DyingEnv, ctx: Context): Cache {
  const upstash = makeUpstash({ url: env.REDIS_URL, token: env.REDIS_TOKEN, deadlineMs: 2_000 });
  const life = { freshMs: 60_000, staleMs: 0, absentFreshMs: 60_000 };
  return {
    ...isolate,
    shared: makeSharedStore(upstash.run, { databaseId: env.DATABASE_ID, variant: '1', leaseMs: 2_000 }),
    origin: { probe: () => loadFrom(env.ORIGIN_URL), isAway: () => false },
    settings: { ...life, redisDeadlineMs: 2_000, originDeadlineMs: Number(env.ORIGIN_DEADLINE_MS) },
    clock: systemClock,
    log: consoleLog,
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}

import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Trace } from '../../cache/look-up.ts';
import { consoleLog } from '../../lib/log.ts';
import type { AppEnv } from '../app-env.ts';

const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;
/** The path of Hono's middleware for all routes. */
const EVERY_PATH = '/*';

/** Logs a request in one line, without its path, parameters and headers: they contain names, addresses and keys. */
export function logRequest(c: Context<AppEnv>, ms: number): void {
  // A request that was refused early has neither a caller nor deps.
  const known: Partial<AppEnv['Variables']> = c.var;
  // `deps.trace` has what was asked past the cache.
  const trace: Trace = { ...known.deps?.trace, ...known.read?.trace };
  const ray = c.req.header('CF-Ray') ?? '';
  consoleLog.info('request', {
    requestId: c.get('requestId'),
    ...(RAY.test(ray) && { ray }),
    caller: known.caller?.id ?? null,
    method: c.req.method,
    route: matchedRoutes(c).find(({ path }) => path !== EVERY_PATH)?.path ?? null,
    status: c.res.status,
    tiers: describeTiers(trace),
    ...(trace.shared && { redisMs: trace.shared.ms }),
    ...(trace.origin && { postgresMs: trace.origin.ms }),
    ms,
  });
}

/** Lists the tiers that were asked, e.g. `isolate;miss redis;hit`. */
function describeTiers({ memory, shared, origin }: Trace): string {
  const caches = Object.entries({ isolate: memory, redis: shared }).flatMap(([name, tier]) =>
    tier ? [`${name};${tier.hit ? 'hit' : 'miss'}`] : [],
  );
  return [...caches, ...(origin ? ['postgres'] : [])].join(' ');
}

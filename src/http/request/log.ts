import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Trace } from '../../cache/look-up.ts';
import { settingsOf } from '../../deps.ts';
import { consoleLog } from '../../lib/log.ts';
import type { AppEnv } from '../app-env.ts';

const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;
/** Where Hono keeps what is there for every path. */
const EVERY_PATH = '/*';

/** Logs every request in one line. Never a path, a parameter or a header: they hold names, addresses and keys. */
export function logRequest(c: Context<AppEnv>, startedAtMs: number): void {
  const { caller, trace } = describeAsker(c.var);
  const ray = c.req.header('CF-Ray') ?? '';
  consoleLog.info('request', {
    requestId: c.get('requestId'),
    ...(RAY.test(ray) && { ray }),
    caller,
    method: c.req.method,
    route: routeOf(c),
    status: c.res.status,
    tiers: describeTiers(trace),
    ...(trace.shared && { redisMs: trace.shared.ms }),
    ...(trace.origin && { postgresMs: trace.origin.ms }),
    ms: Date.now() - startedAtMs,
  });
}

// What was refused before has neither caller nor deps, which tell what was asked past the cache.
function describeAsker({ caller, deps, read }: Partial<AppEnv['Variables']>) {
  return { caller: caller?.id ?? null, trace: { ...deps?.trace, ...read?.trace } };
}

export function isLogged(env: object): boolean {
  try {
    return settingsOf(env).LOG_REQUESTS;
  } catch {
    // Misconfigured: then every line helps.
    return true;
  }
}

function routeOf(c: Context<AppEnv>): string | null {
  return matchedRoutes(c).find(({ path }) => path !== EVERY_PATH)?.path ?? null;
}

/** The tiers that were asked, e.g. `isolate;miss redis;hit`. */
function describeTiers({ memory, shared, origin }: Trace): string {
  const caches = Object.entries({ isolate: memory, redis: shared }).flatMap(([name, tier]) =>
    tier ? [`${name};${tier.hit ? 'hit' : 'miss'}`] : [],
  );
  return [...caches, ...(origin ? ['postgres'] : [])].join(' ');
}

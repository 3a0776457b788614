import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Trace } from '../../cache/look-up.ts';
import { fieldsOfTrace } from '../../cache/trace-fields.ts';
import { accountNumberIn } from '../../directory/about.ts';
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
    account: accountOf(c),
    ...fieldsOfTrace(trace),
    ms,
  });
}

const NUMBER_IN_PATH = /^\/v1\/accounts\/([^/]+)/;

/** The number of the account that the request was about: that which it names, else that of the answer, else that of the caller. */
function accountOf(c: Context<AppEnv>): string | null {
  const known: Partial<AppEnv['Variables']> = c.var;
  // A refused request is not parsed.
  const [, accountNumber] = NUMBER_IN_PATH.exec(c.req.path) ?? [];
  return accountNumberIn({ accountNumber }) ?? known.about ?? known.caller?.accountNumber ?? null;
}

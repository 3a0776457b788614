import type { Hono, MiddlewareHandler } from 'hono';
import { HonoBase } from 'hono/hono-base';
import { TrieRouter } from 'hono/router/trie-router';
import type { RequestOutcome } from '../cache/counts/counts.ts';
import { type Isolate, isolateOf } from '../isolate.ts';
import { ConfigurationError } from '../settings.ts';
import { describeError, logOfRequest } from '../lib/log.ts';
import { api } from './routes/api.ts';
import type { AppEnv } from './app-env.ts';
import { setCommonHeaders } from './response/common-headers.ts';
import { allowNamedOrigins } from './response/cors.ts';
import { makeDocumentation } from './openapi/routes.ts';
import { makeExplain } from './explain/route.ts';
import { pages } from './pages/routes.ts';
import { refuseBrokenEncoding } from './request/percent-encoding.ts';
import { asProblem, ProblemError, toResponse } from './response/problem.ts';
import { cacheMatches } from './memo.ts';
import { refuseOversized } from './request/bounds.ts';
import { logRequest } from './request/log.ts';
import { allowedMethods, routesOf } from './endpoint/registry.ts';

const surround: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAtMs = Date.now();
  c.set('requestId', crypto.randomUUID());
  c.set('isolate', findIsolate(c.env));
  c.set('read', { trace: {} });
  await next();
  setCommonHeaders(c);
  const endedAtMs = Date.now();
  const isolate = c.get('isolate');
  if (isolate && c.req.path.startsWith(COUNTED_PATHS))
    isolate.cache.counts.request(outcomeOf(c.res.status), endedAtMs - startedAtMs, endedAtMs);
  // Without settings every line helps to find the fault.
  if (isolate?.settings.LOG_REQUESTS ?? true) logRequest(c, endedAtMs - startedAtMs);
};

/** The requests of callers: pages and checks of health would hide how they fare. */
const COUNTED_PATHS = '/v1/';

function outcomeOf(status: number): RequestOutcome {
  if (status >= 500) return 'error';
  return status === 401 || status === 403 || status === 429 ? 'refused' : 'ok';
}

/** Undefined when a var is wrong: routes that need no settings still answer. */
function findIsolate(env: object): Isolate | undefined {
  try {
    return isolateOf(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

const refuseUnfit: MiddlewareHandler<AppEnv> = (c, next) => {
  const { url, headers } = c.req.raw;
  refuseOversized(url, headers);
  refuseBrokenEncoding(url);
  return next();
};

// The apps of the routes are tiny ones, whose routers no request reaches: this app takes over their routes. It has none of
// the routers between which Hono's usual app chooses, so that these stay out of the bundle.
/** The HTTP interface: the API, its explanation, its documentation and the pages for people. */
export const app: Hono<AppEnv> = new HonoBase<AppEnv>({ router: cacheMatches(new TrieRouter()) })
  .use(surround, allowNamedOrigins, refuseUnfit)
  .route('/', api)
  .route(
    '/',
    makeExplain(() => app),
  )
  .route(
    '/',
    makeDocumentation(() => routesOf(app)),
  )
  .route('/', pages);

for (const [path, allow] of allowedMethods(routesOf(app))) {
  app.all(path, () => {
    throw new ProblemError('method_not_allowed', `this path allows ${allow}`, { headers: { Allow: allow } });
  });
}

app.notFound((c) =>
  toResponse(new ProblemError('not_found', 'no route has this path; see /docs'), c.get('requestId')),
);

app.onError((error, c) => {
  const requestId = c.get('requestId');
  return toResponse(asProblem(error) ?? defect(error, requestId), requestId);
});

function defect(error: Error, requestId: string): ProblemError {
  const log = logOfRequest(requestId);
  if (error instanceof ConfigurationError) {
    log.error('misconfigured', { faults: error.message });
    return new ProblemError('misconfigured', 'a setting is wrong; the log names it');
  }
  log.error('request_failed', { error: describeError(error), at: framesOf(error) });
  return new ProblemError('internal_error', 'the service failed; the log has the error');
}

// The first line of a stack repeats the message, which may contain SQL.
function framesOf({ stack = '' }: Error): string {
  return (stack.match(/^ +at .*$/gm) ?? []).join('');
}

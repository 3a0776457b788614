import { Hono, type MiddlewareHandler } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import { getPath } from 'hono/utils/url';
import { ConfigurationError } from '../settings.ts';
import { consoleLog, describeError } from '../lib/log.ts';
import { ownText } from '../lib/copy-string.ts';
import { api } from './routes/api.ts';
import type { AppEnv } from './app-env.ts';
import { setCommonHeaders } from './response/common-headers.ts';
import { allowNamedOrigins } from './response/cors.ts';
import { makeDocumentation } from './openapi/routes.ts';
import { makeExplain } from './explain/route.ts';
import { refuseBrokenEncoding } from './request/percent-encoding.ts';
import { asProblem, ProblemError, toResponse } from './response/problem.ts';
import { rememberMatches } from './route-cache.ts';
import { refuseOversized } from './request/bounds.ts';
import { isLogged, logRequest } from './request/log.ts';
import { allowedMethods, routesOf } from './endpoint/registry.ts';

const surround: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAtMs = Date.now();
  c.set('requestId', crypto.randomUUID());
  c.set('read', { trace: {} });
  await next();
  setCommonHeaders(c);
  if (isLogged(c.env)) logRequest(c, startedAtMs);
};

const refuseUnfit: MiddlewareHandler<AppEnv> = (c, next) => {
  const { url, headers } = c.req.raw;
  refuseOversized(url, headers);
  refuseBrokenEncoding(url);
  return next();
};

/** The look-ups over HTTP, and what describes them. */
export const app: Hono<AppEnv> = new Hono<AppEnv>({
  router: rememberMatches(new TrieRouter()),
  // Its parts become keys of what is remembered, which must not keep whole URLs.
  getPath: (request) => ownText(getPath(request)),
})
  .use(surround, allowNamedOrigins, refuseUnfit)
  .route('/', api)
  .route(
    '/',
    makeExplain(() => app),
  )
  .route(
    '/',
    makeDocumentation(() => routesOf(app)),
  );

for (const [path, allow] of allowedMethods(routesOf(app))) {
  app.all(path, () => {
    throw new ProblemError('method_not_allowed', `this path answers ${allow}`, { headers: { Allow: allow } });
  });
}

app.notFound((c) =>
  toResponse(new ProblemError('not_found', 'see /docs for what there is'), c.get('requestId')),
);

app.onError((error, c) => toResponse(asProblem(error) ?? defect(error), c.get('requestId')));

function defect(error: Error): ProblemError {
  if (error instanceof ConfigurationError) {
    consoleLog.error('misconfigured', { faults: error.message });
    return new ProblemError('misconfigured', 'the log says which setting is wrong');
  }
  consoleLog.error('request_failed', { error: describeError(error), at: framesOf(error) });
  return new ProblemError('internal_error', 'the request failed for a reason of ours');
}

// The first line of a stack is the message, which may hold SQL.
function framesOf({ stack = '' }: Error): string {
  return (stack.match(/^ +at .*$/gm) ?? []).join('');
}

import { Hono, type MiddlewareHandler } from 'hono';
import { ConfigurationError } from '../env.ts';
import { consoleLog, describeError } from '../log.ts';
import { accountChanges } from './account-changes.ts';
import { accounts } from './accounts.ts';
import { setTierHeaders } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { context } from './context.ts';
import { makeDocumentation } from './documentation.ts';
import { makeExplain } from './explain.ts';
import { operations } from './operations.ts';
import { requireDecodable } from './percent-encoding.ts';
import { asProblem, ProblemError, toResponse } from './problem.ts';
import { profileChanges } from './profile-changes.ts';
import { profiles } from './profiles.ts';
import { allowedMethods, routesOf } from './routes.ts';
import { userBatch } from './user-batch.ts';
import { userChanges } from './user-changes.ts';
import { users } from './users.ts';

const refuseBrokenEncoding: MiddlewareHandler<AppEnv> = async (c, next) => {
  requireDecodable(new URL(c.req.url));
  await next();
};

const setCommonHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  c.set('read', { trace: {} });
  await next();
  setTierHeaders(c);
  c.header('X-Request-Id', c.var.requestId);
  c.header('X-Content-Type-Options', 'nosniff');
};

/** The look-ups over HTTP, and what describes them. */
export const app: Hono<AppEnv> = new Hono<AppEnv>()
  .use(setCommonHeaders, refuseBrokenEncoding)
  .route('/', context)
  .route('/', userBatch)
  .route('/', users)
  .route('/', userChanges)
  .route('/', accounts)
  .route('/', accountChanges)
  .route('/', profiles)
  .route('/', profileChanges)
  .route('/', operations)
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
  toResponse(new ProblemError('not_found', 'see /docs for what there is'), c.var.requestId),
);

app.onError((error, c) => toResponse(asProblem(error) ?? defect(error), c.var.requestId));

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

import { cors } from 'hono/cors';
import type { MiddlewareHandler } from 'hono';
import { settingsOf } from '../../deps.ts';
import { ConfigurationError } from '../../settings.ts';
import type { AppEnv } from '../app-env.ts';

/** For so long a browser need not ask again. */
const MAX_AGE_S = 600;

// No credentials: a page elsewhere brings a key of its own, never the cookie of whoever looks at it.
const answerNamedOrigins = cors({
  origin: (origin, c) => (isNamed(c.env, origin) ? origin : null),
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: [
    'Authorization',
    'Cache-Control',
    'Consistency-Token',
    'Content-Type',
    'Idempotency-Key',
    'If-Match',
    'If-None-Match',
  ],
  exposeHeaders: [
    'Allow',
    'Cache-Status',
    'Consistency-Token',
    'ETag',
    'Idempotency-Replayed',
    'Location',
    'RateLimit',
    'RateLimit-Policy',
    'Retry-After',
    'Server-Timing',
    'X-Request-Id',
  ],
  maxAge: MAX_AGE_S,
});

/** Lets the pages of the origins in `CORS_ORIGINS` call the API; without any, does nothing at all. */
export const allowNamedOrigins: MiddlewareHandler<AppEnv> = (c, next) =>
  isCorsOn(c.env) ? answerOrigin(c, next) : next();

const answerOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('Origin') ?? '';
  const isPreflight = c.req.header('Access-Control-Request-Method') !== undefined;
  const isForOthers = c.req.method === 'OPTIONS' && !(isPreflight && isNamed(c.env, origin));
  if (!isForOthers) return answerNamedOrigins(c, next);
  await next();
  c.header('Vary', 'Origin', { append: true });
  return undefined;
};

/** Whether pages of any other origin may read the answers. */
export function isCorsOn(env: object): boolean {
  return originsOf(env).length > 0;
}

function isNamed(env: object, origin: string): boolean {
  return originsOf(env).includes(origin);
}

// A wrong var is a problem of whoever needs the settings; the process answers for itself without any.
function originsOf(env: object): readonly string[] {
  try {
    return settingsOf(env).CORS_ORIGINS;
  } catch (error) {
    if (error instanceof ConfigurationError) return [];
    throw error;
  }
}

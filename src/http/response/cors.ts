import { cors } from 'hono/cors';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../app-env.ts';

/** The time for which a browser keeps the answer to a preflight. */
const MAX_AGE_S = 600;

// Credentials are not allowed: a page of another origin sends a key of its own, never the cookie of its visitor.
const answerNamedOrigins = cors({
  origin: (origin, c) => (allowedOrigins(c).includes(origin) ? origin : null),
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

/** Lets pages of the origins in `CORS_ORIGINS` call the API. Does nothing when there are none. */
export const allowNamedOrigins: MiddlewareHandler<AppEnv> = (c, next) =>
  allowedOrigins(c).length > 0 ? answerOrigin(c, next) : next();

const answerOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('Origin') ?? '';
  const isPreflight = c.req.header('Access-Control-Request-Method') !== undefined;
  const isNoPreflight = c.req.method === 'OPTIONS' && !(isPreflight && allowedOrigins(c).includes(origin));
  if (!isNoPreflight) return answerNamedOrigins(c, next);
  await next();
  c.header('Vary', 'Origin', { append: true });
  return undefined;
};

/** The origins whose pages may read the answers; none while a var is wrong. */
export function allowedOrigins(c: Context<AppEnv>): readonly string[] {
  return c.get('isolate')?.settings.CORS_ORIGINS ?? [];
}

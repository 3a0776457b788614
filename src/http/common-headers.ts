import type { Context, MiddlewareHandler } from 'hono';
import { setTierHeaders } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { isCorsOn } from './cors.ts';

/** Nothing that is answered is a page of ours, but for one that has a policy of its own. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

const SECURE_HEADERS = {
  'Strict-Transport-Security': 'max-age=31536000',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
} as const;

/** What every answer says, problems and 304 included. */
export const setCommonHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  c.set('read', { trace: {} });
  await next();
  setTierHeaders(c);
  c.header('X-Request-Id', c.var.requestId);
  if (c.var.rateLimitPolicy !== undefined) c.header('RateLimit-Policy', c.var.rateLimitPolicy);
  setSecureHeaders(c);
};

function setSecureHeaders(c: Context<AppEnv>): void {
  for (const [name, value] of Object.entries(SECURE_HEADERS)) c.header(name, value);
  if (!c.res.headers.has('Content-Security-Policy')) {
    c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  }
  c.header('Cross-Origin-Resource-Policy', isCorsOn(c.env) ? 'cross-origin' : 'same-origin');
}

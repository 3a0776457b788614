import type { MiddlewareHandler } from 'hono';
import { setTierHeaders } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { isCorsOn } from './cors.ts';

/** Nothing that is answered is a page of ours, but for one that has a policy of its own. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

const SECURE_HEADERS = [
  ['Strict-Transport-Security', 'max-age=31536000'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
] as const;

/** What every answer says, problems and 304 included. */
export const setCommonHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  c.set('read', { trace: {} });
  await next();
  // In place: once there is a response, every c.header() makes another one.
  const { headers } = c.res;
  setTierHeaders(headers, c.get('read'));
  headers.set('X-Request-Id', c.get('requestId'));
  const policy = c.get('rateLimitPolicy');
  if (policy !== undefined) headers.set('RateLimit-Policy', policy);
  setSecureHeaders(headers, c.env);
};

function setSecureHeaders(headers: Headers, env: object): void {
  for (const [name, value] of SECURE_HEADERS) headers.set(name, value);
  if (!headers.has('Content-Security-Policy')) {
    headers.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  }
  headers.set('Cross-Origin-Resource-Policy', isCorsOn(env) ? 'cross-origin' : 'same-origin');
}

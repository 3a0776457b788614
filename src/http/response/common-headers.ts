import type { Context } from 'hono';
import { setTierHeaders } from './answer.ts';
import type { AppEnv } from '../app-env.ts';
import { addSecureHeaders } from './secure-headers.ts';

/** What every answer says, problems and 304 included. */
export function setCommonHeaders(c: Context<AppEnv>): void {
  // In place: once there is a response, every c.header() makes another one.
  const { headers } = c.res;
  setTierHeaders(headers, c.get('read'));
  headers.set('X-Request-Id', c.get('requestId'));
  const policy = c.get('rateLimitPolicy');
  if (policy !== undefined) headers.set('RateLimit-Policy', policy);
  addSecureHeaders(headers, c.env);
}

import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';
import { formatCacheStatus, formatServerTiming } from './cache-status.ts';
import { addSecureHeaders } from './secure-headers.ts';

/** Sets the headers of every answer, including problems and 304. */
export function setCommonHeaders(c: Context<AppEnv>): void {
  // Set in place, because `c.header()` copies a finished response.
  const { headers } = c.res;
  const { read, uncachedStatus } = c.var;
  const { trace } = read;
  const cacheStatus = trace.memory ? formatCacheStatus(trace, read) : uncachedStatus;
  if (cacheStatus !== undefined) headers.set('Cache-Status', cacheStatus);
  if (trace.memory || trace.origin) headers.set('Server-Timing', formatServerTiming(trace));
  headers.set('X-Request-Id', c.get('requestId'));
  const policy = c.get('rateLimitPolicy');
  if (policy !== undefined) headers.set('RateLimit-Policy', policy);
  addSecureHeaders(c);
}

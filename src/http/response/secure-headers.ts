import type { Context } from 'hono';
import type { AppEnv } from '../app-env.ts';
import { allowedOrigins } from './cors.ts';

/** No answer is a page, except / and /docs, which have policies of their own. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";
const RESOURCE_POLICY = 'Cross-Origin-Resource-Policy';

const common: readonly [name: string, value: string][] = [
  ['Strict-Transport-Security', 'max-age=31536000'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
];
const sameOrigin = new Headers([...common, [RESOURCE_POLICY, 'same-origin']]);
const crossOrigin = new Headers([...common, [RESOURCE_POLICY, 'cross-origin']]);

/** Headers to construct a response with. Copying them together takes half the time of setting each. */
export function secureHeaders(c: Context<AppEnv>): Headers {
  return allowedOrigins(c).length > 0 ? crossOrigin : sameOrigin;
}

/** Adds the headers to a response that was constructed without them. */
export function addSecureHeaders(c: Context<AppEnv>): void {
  const { headers } = c.res;
  if (headers.has(RESOURCE_POLICY)) return;
  secureHeaders(c).forEach((value, name) => {
    if (!headers.has(name)) headers.set(name, value);
  });
}

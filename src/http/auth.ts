import type { Context, HonoRequest } from 'hono';
import { settingsOf } from '../deps.ts';
import type { AppEnv } from './app-env.ts';
import { badRequest, ProblemError } from './problem.ts';

const AUTHORIZATION = /^(?:bearer|token) +([\x21-\x7e]+) *$/i;
const KEY_PARAMETERS = new Set([
  'access_token',
  'api_key',
  'api-key',
  'apikey',
  'authorization',
  'key',
  'token',
]);
const KEY_PREFIX = 'ea_';
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="edge-accounts"' };

/** Throws on a key in the query string, where logs and referrers would keep it; a `url` may be any string. */
export function refuseKeyInQuery(req: HonoRequest): void {
  const isKey = ([name, value]: [string, string]) =>
    KEY_PARAMETERS.has(name.toLowerCase()) || (name !== 'url' && value.startsWith(KEY_PREFIX));
  const found = Object.entries(req.query()).find(isKey);
  if (found) {
    const detail = 'a key belongs in the Authorization header, never in the query string; replace this one';
    throw badRequest([{ in: 'query', name: found[0], detail }]);
  }
}

/** Throws unless the request has the root key: `Authorization: Bearer <key>` or `Token <key>`. */
export async function requireKey(c: Context<AppEnv>): Promise<void> {
  const [, key] = AUTHORIZATION.exec(c.req.header('Authorization') ?? '') ?? [];
  if (key === undefined) {
    throw new ProblemError('unauthorized', 'send a key as Authorization: Bearer <key>', {
      headers: CHALLENGE,
    });
  }
  if (!(await isRootKey(key, settingsOf(c.env).ROOT_API_KEY_SHA256))) {
    throw new ProblemError('unauthorized', 'the key is not valid', { headers: CHALLENGE });
  }
}

async function isRootKey(key: string, sha256Hex: string): Promise<boolean> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  return crypto.subtle.timingSafeEqual(digest, Uint8Array.from(fromHex(sha256Hex)));
}

function fromHex(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

import type { Context, HonoRequest } from 'hono';
import { settingsOf } from '../deps.ts';
import { type Caller, ROOT } from '../directory/caller.ts';
import { sha256Of } from '../sha256.ts';
import { authenticatePerson } from './access.ts';
import type { AppEnv } from './app-env.ts';
import { badRequest, unauthorized } from './problem.ts';
import { limitAddress, limitLookUp } from './rate-limit.ts';

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

/**
 * The caller whose key the request has: `Authorization: Bearer <key>` or `Token <key>`. Without that header, the person
 * whom Cloudflare Access vouches for. Throws when there is neither.
 */
export async function authenticate(c: Context<AppEnv>): Promise<Caller> {
  const authorization = c.req.header('Authorization');
  const [, key] = AUTHORIZATION.exec(authorization ?? '') ?? [];
  if (key === undefined) {
    const person = authorization === undefined ? await authenticatePerson(c) : null;
    if (person) return person;
    await limitAddress(c);
    throw unauthorized('send a key as Authorization: Bearer <key>');
  }
  const sha256 = await sha256Of(key);
  if (isSame(sha256, settingsOf(c.env).ROOT_API_KEY_SHA256)) return ROOT;
  return limitLookUp(c, sha256, () => Promise.reject(unauthorized('the key is not valid')));
}

function isSame(sha256: string, known: string): boolean {
  const encoder = new TextEncoder();
  return crypto.subtle.timingSafeEqual(encoder.encode(sha256), encoder.encode(known));
}

import type { Context, HonoRequest } from 'hono';
import { parseApiKey } from '../api-key.ts';
import { settingsOf } from '../deps.ts';
import { type Caller, ROOT } from '../directory/caller.ts';
import { checkKey, type KeyFault } from '../directory/key-check.ts';
import { isSameText } from '../same-text.ts';
import { sha256Of } from '../sha256.ts';
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

/**
 * The caller whose key the request has: `Authorization: Bearer <key>` or `Token <key>`. Throws when it has none, and
 * `OriginUnavailable` when nobody can say. What is no API key of this environment is refused without a request.
 */
export async function authenticate(c: Context<AppEnv>): Promise<Caller> {
  const key = presentedKey(c.req);
  if (key === undefined) throw unauthorized('send a key as Authorization: Bearer <key>');
  const { ENVIRONMENT, ROOT_API_KEY_SHA256 } = settingsOf(c.env);
  const parts = parseApiKey(key);
  if (parts?.environment === ENVIRONMENT) return requireKey(await checkKey(c.var.deps, parts));
  const isRoot = ROOT_API_KEY_SHA256 !== null && isSameText(await sha256Of(key), ROOT_API_KEY_SHA256);
  if (isRoot) return ROOT;
  throw unauthorized(REFUSALS.invalid);
}

/** The key as it came with the request, whether it is good or not. */
export function presentedKey(req: HonoRequest): string | undefined {
  return AUTHORIZATION.exec(req.header('Authorization') ?? '')?.[1];
}

const REFUSALS: Readonly<Record<KeyFault, string>> = {
  invalid: 'the key is not valid',
  revoked: 'the key was revoked',
  expired: 'the key has expired',
};

function requireKey(checked: Caller | KeyFault): Caller {
  if (typeof checked === 'string') throw unauthorized(REFUSALS[checked]);
  return checked;
}

function unauthorized(detail: string): ProblemError {
  return new ProblemError('unauthorized', detail, { headers: CHALLENGE });
}

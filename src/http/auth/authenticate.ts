import type { Context, HonoRequest } from 'hono';
import { holdsKey, mayHoldKey, parseApiKey } from '../../directory/keys/api-key.ts';
import { INACTIVE } from '../../directory/accounts/active-account.ts';
import { type Caller, ROOT } from '../../directory/caller.ts';
import { checkKey, type KeyFault } from '../../directory/keys/check.ts';
import type { Settings } from '../../settings.ts';
import { sha256Of } from '../../lib/hash.ts';
import { timingSafeEqual } from '../../lib/timing-safe-equal.ts';
import { authenticatePerson } from './access.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import type { KeyDigest } from './state.ts';
import { hasQuery } from '../request/path-and-query.ts';
import { badRequest, ProblemError, unauthorized } from '../response/problem.ts';
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

/** Throws on a key in the URL, because logs and referrers keep URLs. Keys are found by the name of a parameter, or by their form anywhere. */
export function refuseKeyInUrl(req: HonoRequest): void {
  const isSuspect = mayHoldKey(req.url);
  if (!isSuspect && !hasQuery(req)) return;
  const isKey = ([name, values]: [string, string[]]) =>
    KEY_PARAMETERS.has(name.toLowerCase()) || (isSuspect && [name, ...values].some(holdsKey));
  const found = Object.entries(req.queries()).find(isKey);
  if (found) throw keyInUrl('query', holdsKey(found[0]) ? 'query' : found[0]);
  if (isSuspect && holdsKey(req.url)) throw keyInUrl('path', 'path');
}

function keyInUrl(place: 'path' | 'query', name: string): ProblemError {
  const detail =
    'send keys in the Authorization header, never in the URL; revoke this one and create another';
  return badRequest([{ in: place, name, detail }]);
}

/**
 * Finds the caller by `Authorization: Bearer <key>` or `Token <key>`, and without that header by the assertion of Cloudflare
 * Access. Throws `unauthorized` when there is neither, and `OriginUnavailable` when no store can tell. A text that has not the
 * form of an API key of this environment is refused without asking a store.
 */
export async function authenticate(c: Context<AppEnv>): Promise<Caller> {
  const key = presentedKey(c.req);
  if (key === undefined) return requirePerson(c);
  const { auth, settings } = requireIsolate(c);
  const known = auth.keyDigests.get(key);
  const digest = known ?? (await digestOf(settings, key));
  if (!digest) {
    await limitAddress(c);
    throw unauthorized(REFUSALS.invalid);
  }
  const caller = digest.id === null ? ROOT : await lookUpKey(c, digest.id, digest.sha256);
  if (!known) auth.keyDigests.set(key, digest);
  return caller;
}

/** The digest of a key, which may not be good; null when the text is neither an API key of this environment nor a root key. */
async function digestOf(
  { ENVIRONMENT, ROOT_API_KEY_SHA256 }: Settings,
  key: string,
): Promise<KeyDigest | null> {
  const parts = parseApiKey(key);
  if (parts?.environment === ENVIRONMENT) return { id: parts.id, sha256: await sha256Of(parts.secret) };
  const sha256 = await sha256Of(key);
  const isRoot = ROOT_API_KEY_SHA256.some((known) => timingSafeEqual(sha256, known));
  return isRoot ? { id: null, sha256 } : null;
}

function lookUpKey(c: Context<AppEnv>, id: number, sha256: string): Promise<Caller> {
  return limitLookUp(c, id, sha256, async () => requireKey(await checkKey(c.get('deps'), id, sha256)));
}

/** The key that the request presents, which may not be good. */
export function presentedKey(req: HonoRequest): string | undefined {
  return AUTHORIZATION.exec(req.header('Authorization') ?? '')?.[1];
}

async function requirePerson(c: Context<AppEnv>): Promise<Caller> {
  const person = c.req.header('Authorization') === undefined ? await authenticatePerson(c) : null;
  if (person) return person;
  await limitAddress(c);
  throw unauthorized('send a key as Authorization: Bearer <key>');
}

const REFUSALS: Readonly<Record<Exclude<KeyFault, 'inactive'>, string>> = {
  invalid: 'the key is not valid',
  revoked: 'the key was revoked',
  expired: 'the key has expired',
};

function requireKey(checked: Caller | KeyFault): Caller {
  if (checked === 'inactive') throw new ProblemError('account_is_inactive', INACTIVE);
  if (typeof checked === 'string') throw unauthorized(REFUSALS[checked]);
  return checked;
}

import type { Context } from 'hono';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { JOSEError } from 'jose/errors';
import { createLocalJWKSet } from 'jose/jwks/local';
import { jwtVerify } from 'jose/jwt/verify';
import { OriginUnavailable } from '../../cache/errors.ts';
import { settingsOf } from '../../deps.ts';
import type { Caller } from '../../directory/caller.ts';
import { isolateOf } from '../../isolate.ts';
import { sha256Of } from '../../lib/hash.ts';
import { accessKeys } from './access-certs.ts';
import type { AppEnv } from '../app-env.ts';
import { ProblemError, unauthorized } from '../response/problem.ts';
import { limitUnproven } from './rate-limit.ts';

/** The only one that Access signs with; what the assertion itself says is no reason to take another. */
const ALGORITHM = 'RS256';
const CLOCK_TOLERANCE_S = 5;
/** Access gives people UUIDs, and service tokens an empty one; nothing that could be an e-mail address. */
const SUBJECT = /^[0-9A-Za-z-]{1,64}$/;

/** The person whom the request's `Cf-Access-Jwt-Assertion` vouches for; null without one, or while Access is not set up. */
export async function authenticatePerson(c: Context<AppEnv>): Promise<Caller | null> {
  const assertion = c.req.header('Cf-Access-Jwt-Assertion');
  if (assertion === undefined || settingsOf(c.env).ACCESS_TEAM_URL === '') return null;
  const subject = await limitUnproven(c, `access:${await sha256Of(assertion)}`, async () => {
    const verified = await verify(c, assertion);
    if (verified !== null) return verified;
    throw unauthorized('the assertion of Cloudflare Access is not valid');
  });
  requireOwnPage(c);
  return { id: `access:${subject}`, scopes: isolateOf(c.env).accessScopes, accountNumber: null };
}

async function verify(c: Context<AppEnv>, assertion: string): Promise<string | null> {
  const { settings, accessCerts } = isolateOf(c.env);
  const { ACCESS_TEAM_URL: issuer, ACCESS_AUDIENCE: audience } = settings;
  const kid = keyIdOf(assertion);
  if (kid === null) return null;
  const keys = await accessKeys(accessCerts, issuer, kid);
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: [...keys] }), {
      issuer,
      audience,
      algorithms: [ALGORITHM],
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'sub'],
    });
    const { sub = '' } = payload;
    return SUBJECT.test(sub) ? sub : null;
  } catch (error) {
    if (error instanceof JOSEError) return null;
    throw new OriginUnavailable('the certs of Cloudflare Access are of no use', { cause: error });
  }
}

function keyIdOf(assertion: string): string | null {
  try {
    const { kid, alg } = decodeProtectedHeader(assertion);
    return alg === ALGORITHM && typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

// The edge makes the assertion from a cookie, which browsers send along whoever's page asks for the request.
function requireOwnPage(c: Context<AppEnv>): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return;
  const site = c.req.header('Sec-Fetch-Site');
  const origin = c.req.header('Origin');
  const isOwn =
    site === undefined
      ? origin === undefined || origin === new URL(c.req.url).origin
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new ProblemError('forbidden', "people change things from the service's own pages only");
}

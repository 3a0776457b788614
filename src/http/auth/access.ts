import type { Context } from 'hono';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import { JOSEError } from 'jose/errors';
import { createLocalJWKSet } from 'jose/jwks/local';
import { jwtVerify } from 'jose/jwt/verify';
import { OriginUnavailable } from '../../cache/errors.ts';
import type { Caller } from '../../directory/caller.ts';
import { sha256Of } from '../../lib/hash.ts';
import { accessKeys } from './access-certs.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import { ProblemError, unauthorized } from '../response/problem.ts';
import { limitUnproven } from './rate-limit.ts';

/** Access signs with this algorithm only. An assertion cannot choose another one. */
const ALGORITHM = 'RS256';
const CLOCK_TOLERANCE_S = 5;
/** The subjects of people are UUIDs, those of service tokens are empty. An e-mail address does not match. */
const SUBJECT = /^[0-9A-Za-z-]{1,64}$/;

/** The person that `Cf-Access-Jwt-Assertion` names; null without that header, or while Access is not set up. */
export async function authenticatePerson(c: Context<AppEnv>): Promise<Caller | null> {
  const assertion = c.req.header('Cf-Access-Jwt-Assertion');
  const { settings, accessScopes } = requireIsolate(c);
  if (assertion === undefined || settings.ACCESS_TEAM_URL === '') return null;
  const subject = await limitUnproven(c, `access:${await sha256Of(assertion)}`, async () => {
    const verified = await verify(c, assertion);
    if (verified !== null) return verified;
    throw unauthorized('the assertion of Cloudflare Access is not valid');
  });
  requireOwnPage(c);
  return { id: `access:${subject}`, scopes: accessScopes, accountNumber: null };
}

async function verify(c: Context<AppEnv>, assertion: string): Promise<string | null> {
  const { settings, auth } = requireIsolate(c);
  const { ACCESS_TEAM_URL: issuer, ACCESS_AUDIENCE: audience } = settings;
  const kid = keyIdOf(assertion);
  if (kid === null) return null;
  const keys = await accessKeys(auth.accessCerts, issuer, kid);
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
    throw new OriginUnavailable('the certificates of Cloudflare Access are unusable', { cause: error });
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

// The edge makes the assertion from a cookie, which browsers also send with requests of other sites' pages.
function requireOwnPage(c: Context<AppEnv>): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return;
  const site = c.req.header('Sec-Fetch-Site');
  const origin = c.req.header('Origin');
  const isOwn =
    site === undefined
      ? origin === undefined || origin === new URL(c.req.url).origin
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new ProblemError('forbidden', "people can change data only from the service's own pages");
}

import type { Context } from 'hono';
import { expandIPv6 } from 'hono/utils/ipaddr';
import { type Caller, ROOT } from '../../directory/caller.ts';
import { consoleLog, describeError } from '../../lib/log.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import { ProblemError } from '../response/problem.ts';

/** The name of each binding's policy (draft-ietf-httpapi-ratelimit-headers). */
const POLICIES = { KEY_RATE_LIMIT: 'caller', ADDRESS_RATE_LIMIT: 'address' } as const;
type Binding = keyof typeof POLICIES;

/** A key validated within this time skips the limit of its address. */
const PROVEN_MS = 60_000;
/** A batch counts one request for so many look-ups. */
const THINGS_PER_REQUEST = 10;
/** IPv4 inside IPv6: mapped addresses (RFC 4291, section 2.5.5) and translated ones (RFC 6052). */
const IPV4_IN_IPV6 = /^(?:0000:0000:0000:0000:0000:ffff|0064:ff9b:0000:0000:0000:0000):(..)(..):(..)(..)$/;
/** Providers give each customer at least a /64, which is four groups with their colons. */
const IPV6_NETWORK_LENGTH = 19;

const failing = new WeakSet<object>();

/** Counts the request against its client's address, if it has one; throws `too_many_requests`. */
export async function limitAddress(c: Context<AppEnv>): Promise<void> {
  const address = c.req.header('CF-Connecting-IP');
  if (address !== undefined) await count(c, 'ADDRESS_RATE_LIMIT', networkOf(address));
}

/**
 * Counts the request against its caller, and against the account that the caller is bound to, because more keys of one account
 * must not mean a higher limit. The root key has no limit.
 */
export async function limitCaller(c: Context<AppEnv>, { id, accountNumber }: Caller): Promise<void> {
  if (id === ROOT.id) return;
  await count(c, 'KEY_RATE_LIMIT', id);
  if (accountNumber !== null) await count(c, 'KEY_RATE_LIMIT', `account:${accountNumber}`);
}

/** Counts a batch as several requests of the caller, because it costs Postgres as many statements as single requests do. */
export async function limitMany(c: Context<AppEnv>, caller: Caller, things: number): Promise<void> {
  const further = Math.ceil(things / THINGS_PER_REQUEST) - 1;
  await Promise.all(Array.from({ length: further }, () => limitCaller(c, caller)));
}

/**
 * Looks up a key by its id and the SHA-256 of its secret. The look-up asks the stores, so it counts against the address first:
 * a flood of wrong keys ends here. A key that this isolate has just validated skips that limit, so it keeps working behind an
 * address that floods.
 */
export function limitLookUp(
  c: Context<AppEnv>,
  id: number,
  sha256: string,
  lookUp: () => Promise<Caller>,
): Promise<Caller> {
  // The id is part of the name, because the owner of one good secret could send it with any id.
  return limitUnproven(c, `${id}:${sha256}`, lookUp);
}

/** Does the same for any proof of identity. `proven` must identify the proof. */
export async function limitUnproven<T>(
  c: Context<AppEnv>,
  proven: string,
  check: () => Promise<T>,
): Promise<T> {
  const { provenAtMs } = requireIsolate(c).auth;
  const isProven = Date.now() - (provenAtMs.get(proven) ?? 0) < PROVEN_MS;
  if (!isProven) await limitAddress(c);
  try {
    const checked = await check();
    if (!isProven) provenAtMs.set(proven, Date.now());
    return checked;
  } catch (error) {
    if (error instanceof ProblemError) provenAtMs.delete(proven);
    throw error;
  }
}

async function count(c: Context<AppEnv>, binding: Binding, key: string): Promise<void> {
  // Hosts other than Cloudflare may have no such binding.
  const limiter = (c.env as Partial<Env>)[binding];
  if (!limiter) return;
  const { quota, windowS } = requireIsolate(c).settings[`${binding}_POLICY`];
  const name = POLICIES[binding];
  c.set('rateLimitPolicy', `"${name}";q=${quota};w=${windowS}`);
  if (await isWithin(limiter, key)) return;
  const headers = { 'Retry-After': String(windowS), RateLimit: `"${name}";r=0;t=${windowS}` };
  const detail = `this ${name} may send ${quota} requests in ${windowS} s; try again after that`;
  throw new ProblemError('too_many_requests', detail, { headers });
}

// Limits protect the service, so a limiter that fails must not make it unavailable.
async function isWithin(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch (error) {
    if (!failing.has(limiter)) consoleLog.error('rate_limit_failed', { error: describeError(error) });
    failing.add(limiter);
    return true;
  }
}

/** The text that an address is counted by: IPv4 in full, IPv6 by its /64, because one customer can send from any address in it. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const expanded = expandIPv6(address.toLowerCase());
  const [, ...ipv4] = IPV4_IN_IPV6.exec(expanded) ?? [];
  if (ipv4.length > 0) return ipv4.map((octet) => Number.parseInt(octet, 16)).join('.');
  return `${expanded.slice(0, IPV6_NETWORK_LENGTH)}::/64`;
}

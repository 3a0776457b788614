import type { Context } from 'hono';
import { settingsOf } from '../../deps.ts';
import { type Caller, ROOT } from '../../directory/caller.ts';
import { isolateOf } from '../../isolate.ts';
import { consoleLog, describeError } from '../../lib/log.ts';
import type { AppEnv } from '../app-env.ts';
import { ProblemError } from '../response/problem.ts';

/** The bindings, each with the name of its policy (draft-ietf-httpapi-ratelimit-headers). */
const POLICIES = { KEY_RATE_LIMIT: 'caller', ADDRESS_RATE_LIMIT: 'address' } as const;
type Binding = keyof typeof POLICIES;

/** For so long a key that was good is taken for one before it is looked up. */
const PROVEN_MS = 60_000;
/** What is asked for together costs a tenth of what it costs one by one. */
const THINGS_PER_REQUEST = 10;
const IPV6_GROUPS = 8;
/** RFC 4291 section 2.5.5 and RFC 6052: mapped, and of the prefix that translators have. Decimal, before the last two groups. */
const IPV4_PREFIXES = new Set(['0:0:0:0:0:65535', '100:65435:0:0:0:0']);
/** What one customer has at least. */
const IPV6_PREFIX_GROUPS = 4;

const failing = new WeakSet<object>();

/** Counts the request against its client's address; throws `too_many_requests`. Without an address, nothing. */
export async function limitAddress(c: Context<AppEnv>): Promise<void> {
  const address = c.req.header('CF-Connecting-IP');
  if (address !== undefined) await count(c, 'ADDRESS_RATE_LIMIT', networkOf(address));
}

/**
 * Counts the request against its caller, and against the account that the caller is bound to: who may create keys for it would
 * have as many limits. The bootstrap key, with which limits are lifted, has none.
 */
export async function limitCaller(c: Context<AppEnv>, { id, accountNumber }: Caller): Promise<void> {
  if (id === ROOT.id) return;
  await count(c, 'KEY_RATE_LIMIT', id);
  if (accountNumber !== null) await count(c, 'KEY_RATE_LIMIT', `account:${accountNumber}`);
}

/**
 * Counts further requests of the caller for a request that asks for so many things: it spares us requests, but Postgres no
 * statement, so that it must not be a way around the limit.
 */
export async function limitMany(c: Context<AppEnv>, caller: Caller, things: number): Promise<void> {
  const further = Math.ceil(things / THINGS_PER_REQUEST) - 1;
  await Promise.all(Array.from({ length: further }, () => limitCaller(c, caller)));
}

/**
 * Looks a key up, which asks the stores, by its id and the SHA-256 of its secret. It counts against the address before, so
 * that a flood of wrong keys ends here, unless this isolate has lately seen it to be good: so a good key goes on behind an
 * address that floods.
 */
export function limitLookUp(
  c: Context<AppEnv>,
  id: number,
  sha256: string,
  lookUp: () => Promise<Caller>,
): Promise<Caller> {
  // With the id, for who has one good secret could send it with any number of them.
  return limitUnproven(c, `${id}:${sha256}`, lookUp);
}

/** The same for whatever else says who asks, under a name that nobody can give to another thing. */
export async function limitUnproven<T>(
  c: Context<AppEnv>,
  proven: string,
  check: () => Promise<T>,
): Promise<T> {
  const { provenKeys } = isolateOf(c.env);
  const isProven = Date.now() - (provenKeys.get(proven) ?? 0) < PROVEN_MS;
  if (!isProven) await limitAddress(c);
  try {
    const checked = await check();
    if (!isProven) provenKeys.set(proven, Date.now());
    return checked;
  } catch (error) {
    if (error instanceof ProblemError) provenKeys.delete(proven);
    throw error;
  }
}

async function count(c: Context<AppEnv>, binding: Binding, key: string): Promise<void> {
  const limiter = limiterOf(c.env, binding);
  if (!limiter) return;
  const { quota, windowS } = settingsOf(c.env)[`${binding}_POLICY`];
  const name = POLICIES[binding];
  c.set('rateLimitPolicy', `"${name}";q=${quota};w=${windowS}`);
  if (await isWithin(limiter, key)) return;
  const headers = { 'Retry-After': String(windowS), RateLimit: `"${name}";r=0;t=${windowS}` };
  const detail = `this ${name} may send ${quota} requests in ${windowS} s; try again after that`;
  throw new ProblemError('too_many_requests', detail, { headers });
}

// Whoever hosts it elsewhere has no such binding.
function limiterOf(env: object, binding: Binding): RateLimit | undefined {
  return (env as Partial<Record<Binding, RateLimit>>)[binding];
}

// Limits protect the service; one that fails must not be what takes it away.
async function isWithin(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch (error) {
    if (!failing.has(limiter)) consoleLog.error('rate_limit_failed', { error: describeError(error) });
    failing.add(limiter);
    return true;
  }
}

/** The address; of IPv6 the network of its customer, who may send from any address in it, and of one that stands for IPv4, that. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address.toLowerCase());
  const ipv4 = groups.slice(-2).flatMap((group) => [group >> 8, group & 0xff]);
  if (IPV4_PREFIXES.has(groups.slice(0, -2).join(':'))) return ipv4.join('.');
  const network = groups.slice(0, IPV6_PREFIX_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(address: string): number[] {
  const [before = [], after = []] = address.split('::').map(numbersOf);
  const zeros = Array.from({ length: Math.max(0, IPV6_GROUPS - before.length - after.length) }, () => 0);
  return [...before, ...zeros, ...after];
}

/** The groups of a part of an address, whose last two may be written as those of IPv4. */
function numbersOf(text: string): number[] {
  return text.split(':').flatMap((group) => {
    if (group === '') return [];
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

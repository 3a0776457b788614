import * as z from 'zod';
import { sleep, systemClock } from '../../cache/clock.ts';
import { OriginUnavailable } from '../../cache/errors.ts';
import { consoleLog, describeError } from '../../lib/log.ts';
import type { AccessCerts, AccessKey } from './state.ts';

/** Access rotates its keys every six weeks and accepts the old ones for another week. */
const FRESH_MS = 3_600_000;
/** The shortest time between two fetches for unknown key ids, because an assertion may name any id. */
const REFETCH_MS = 60_000;
/** The pause after a failed fetch. */
const RETRY_MS = 5_000;
const DEADLINE_MS = 3_000;
/** The interval at which waiting requests look for the end of another request's fetch. */
const LOOK_AGAIN_MS = 20;
const MAX_BYTES = 65_536;
const MAX_KEYS = 20;

const Key = z.object({ kid: z.string(), kty: z.literal('RSA'), n: z.string(), e: z.string() });
const Certs = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/**
 * The public keys of the Access team. They are fetched once an hour, and for an unknown id once a minute, by one request at a
 * time. Throws `OriginUnavailable` when they cannot be fetched: the caller is then unknown, not refused.
 *
 * `createRemoteJWKSet` of jose cannot replace this: on Workers it starts one fetch per waiting request, it retries without a
 * pause after a failure, and it bounds neither the size of the document nor the number of keys.
 */
export async function accessKeys(
  certs: AccessCerts,
  teamUrl: string,
  kid: string,
  nowMs = Date.now(),
): Promise<readonly AccessKey[]> {
  let dead: object | null = null;
  while (!isKnown(certs, kid, nowMs) && certs.fetching && certs.fetching !== dead)
    dead = await untilDone(certs, certs.fetching);
  // There is no `await` between this check and the fetch, so concurrent requests wait instead of fetching too.
  const known = keysAtHand(certs, kid, nowMs);
  if (known) return known;
  certs.triedAtMs = nowMs;
  const fetching = {};
  certs.fetching = fetching;
  try {
    certs.keys = await fetchKeys(teamUrl);
    certs.fetchedAtMs = Math.max(certs.fetchedAtMs, nowMs);
    return certs.keys;
  } catch (error) {
    certs.failedAtMs = nowMs;
    consoleLog.error('access_certs_failed', { error: describeError(error) });
    throw unavailable();
  } finally {
    if (certs.fetching === fetching) certs.fetching = null;
  }
}

/** The known keys, or null when they must be fetched; throws during the pause after a failed fetch. */
function keysAtHand(certs: AccessCerts, kid: string, nowMs: number): readonly AccessKey[] | null {
  if (isKnown(certs, kid, nowMs)) return certs.keys;
  const isFresh = nowMs - certs.fetchedAtMs < FRESH_MS;
  if (isFresh && nowMs - certs.triedAtMs < REFETCH_MS) {
    if (certs.triedAtMs > certs.fetchedAtMs) throw unavailable();
    return certs.keys;
  }
  if (nowMs - certs.failedAtMs < RETRY_MS) throw unavailable();
  return null;
}

function isKnown({ keys, fetchedAtMs }: AccessCerts, kid: string, nowMs: number): boolean {
  return nowMs - fetchedAtMs < FRESH_MS && keys.some((key) => key.kid === kid);
}

// Polls by a timer of this request, because a promise of another request dies with that request. Resolves to the fetch, which is dead if it is still under way.
async function untilDone(certs: AccessCerts, fetching: object): Promise<object> {
  for (let waitedMs = 0; certs.fetching === fetching && waitedMs <= DEADLINE_MS; waitedMs += LOOK_AGAIN_MS)
    await sleep(systemClock, LOOK_AGAIN_MS);
  return fetching;
}

async function fetchKeys(teamUrl: string): Promise<AccessKey[]> {
  const response = await fetch(`${teamUrl}/cdn-cgi/access/certs`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  if (!response.ok) throw new Error(`the certificates answered ${response.status}`);
  const { keys } = Certs.parse(JSON.parse(await readText(response)));
  return keys.flatMap((key) => {
    const { data } = Key.safeParse(key);
    return data ? [data] : [];
  });
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [size, text] = [0, ''];
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error('the certificates are too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function unavailable(): OriginUnavailable {
  return new OriginUnavailable('the certificates of Cloudflare Access are unavailable');
}

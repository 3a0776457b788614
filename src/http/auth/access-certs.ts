import * as z from 'zod';
import { sleep, systemClock } from '../../cache/clock.ts';
import { OriginUnavailable } from '../../cache/errors.ts';
import type { AccessCerts, AccessKey } from '../../isolate.ts';
import { consoleLog, describeError } from '../../lib/log.ts';

/** Access rotates its keys every six weeks, and takes the old ones for another week. */
const FRESH_MS = 3_600_000;
/** For a key that is not among them: an assertion may name any. */
const REFETCH_MS = 60_000;
/** After a failure, when there is nothing to go by. */
const RETRY_MS = 5_000;
const DEADLINE_MS = 3_000;
/** How often those who wait for another's fetch look whether it is done. */
const LOOK_AGAIN_MS = 20;
const MAX_BYTES = 65_536;
const MAX_KEYS = 20;

const Key = z.object({ kid: z.string(), kty: z.literal('RSA'), n: z.string(), e: z.string() });
const Certs = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/**
 * The public keys of the Access team, of which one should have the id. Fetched once an hour, and for an unknown id once a
 * minute, by one request at a time. Throws `OriginUnavailable` when they cannot be had: who knocks is then unknown, not refused.
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
  // Nothing comes between this look and the fetch: whoever asks in the same moment waits.
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
    throw away();
  } finally {
    if (certs.fetching === fetching) certs.fetching = null;
  }
}

/** Those that are known, if they need not be fetched; throws when they were away just now. */
function keysAtHand(certs: AccessCerts, kid: string, nowMs: number): readonly AccessKey[] | null {
  if (isKnown(certs, kid, nowMs)) return certs.keys;
  const isFresh = nowMs - certs.fetchedAtMs < FRESH_MS;
  if (isFresh && nowMs - certs.triedAtMs < REFETCH_MS) {
    if (certs.triedAtMs > certs.fetchedAtMs) throw away();
    return certs.keys;
  }
  if (nowMs - certs.failedAtMs < RETRY_MS) throw away();
  return null;
}

function isKnown({ keys, fetchedAtMs }: AccessCerts, kid: string, nowMs: number): boolean {
  return nowMs - fetchedAtMs < FRESH_MS && keys.some((key) => key.kid === kid);
}

// By a timer of its own: a promise of another request would die with that one. Answers the fetch if it must be dead.
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
  if (!response.ok) throw new Error(`the certs answered ${response.status}`);
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
    if (size > MAX_BYTES) throw new Error('the certs are too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function away(): OriginUnavailable {
  return new OriginUnavailable('the certs of Cloudflare Access are away');
}

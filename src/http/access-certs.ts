import * as z from 'zod';
import { OriginUnavailable } from '../cache/errors.ts';
import type { AccessCerts, AccessKey } from '../isolate.ts';
import { consoleLog, describeError } from '../log.ts';

/** Access rotates its keys every six weeks, and takes the old ones for another week. */
const FRESH_MS = 3_600_000;
/** For a key that is not among them: an assertion may name any. */
const REFETCH_MS = 60_000;
/** After a failure, when there is nothing to go by. */
const RETRY_MS = 5_000;
const DEADLINE_MS = 3_000;
const MAX_BYTES = 65_536;
const MAX_KEYS = 20;

const Key = z.object({ kid: z.string(), kty: z.literal('RSA'), n: z.string(), e: z.string() });
const Certs = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

/**
 * The public keys of the Access team, of which one should have the id. Fetched once an hour, and for an unknown id once a
 * minute. Throws `OriginUnavailable` when they cannot be had: who knocks is then unknown, not refused.
 */
export async function accessKeys(
  certs: AccessCerts,
  teamUrl: string,
  kid: string,
  nowMs = Date.now(),
): Promise<readonly AccessKey[]> {
  const isFresh = nowMs - certs.fetchedAtMs < FRESH_MS;
  if (isFresh && certs.keys.some((key) => key.kid === kid)) return certs.keys;
  if (isFresh && nowMs - certs.triedAtMs < REFETCH_MS) {
    if (certs.triedAtMs > certs.fetchedAtMs) throw away();
    return certs.keys;
  }
  if (nowMs - certs.failedAtMs < RETRY_MS) throw away();
  certs.triedAtMs = nowMs;
  try {
    certs.keys = await fetchKeys(teamUrl);
    certs.fetchedAtMs = Math.max(certs.fetchedAtMs, nowMs);
    return certs.keys;
  } catch (error) {
    certs.failedAtMs = nowMs;
    consoleLog.error('access_certs_failed', { error: describeError(error) });
    throw away();
  }
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

import { formatLogicalTime } from './logical-time.ts';
import type { Seal } from './seal.ts';
import { type Fill, lifeMsOf, type SharedEntry } from './shared-store.ts';

/** An entry from an isolate whose clock is further ahead than this has no age that means anything. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The fill with a proof of what it says of the key, and of when it was read by the clock of this isolate. */
export async function sealed(seal: Seal, key: string, fill: Fill, bornMs: number): Promise<Fill> {
  const text = textOf(key, { ...fill, lifeMs: lifeMsOf(fill), bornMs });
  return { ...fill, seal: `${bornMs}:${await seal.sign(text)}` };
}

/**
 * Whether a holder of the secret has stored the entry under this key, as it is, and its life is not over by the clock of this
 * isolate: whoever can write to the store can put an old one back, and set back what the store says of its age.
 */
export async function isAuthentic(
  seal: Seal,
  key: string,
  entry: SharedEntry,
  nowMs: number,
): Promise<boolean> {
  const { sealing } = entry;
  if (!sealing) return false;
  const ageMs = nowMs - sealing.bornMs;
  const isFresh = entry.freshMsLeft > 0;
  if (!(ageMs >= -CLOCK_TOLERANCE_MS && ageMs < (isFresh ? sealing.freshMs : sealing.lifeMs))) return false;
  return seal.verify(textOf(key, { ...entry, ...sealing }), sealing.mac);
}

type Parts = Pick<Fill, 'asOf' | 'freshMs' | 'payload' | 'tags'> & {
  readonly lifeMs: number;
  readonly bornMs: number;
};

// As JSON, in which no part can pass for the end of another.
function textOf(key: string, { asOf, bornMs, freshMs, lifeMs, tags, payload }: Parts): string {
  return JSON.stringify([key, formatLogicalTime(asOf), bornMs, freshMs, lifeMs, tags, payload]);
}

import { formatLogicalTime } from '../logical-time.ts';
import type { Seal } from './seal.ts';
import { type Fill, lifeMsOf, type SharedEntry } from './shared-store.ts';

/** Clocks of isolates, and that of the store, differ by less. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The fill with a proof of what it says of the key, and of when it was read by the clock of this isolate. */
export async function sealed(seal: Seal, key: string, fill: Fill, bornMs: number): Promise<Fill> {
  const text = textOf(key, { ...fill, lifeMs: lifeMsOf(fill), bornMs });
  return { ...fill, seal: `${bornMs}:${await seal.sign(text)}` };
}

/** `outlived`: its life is over by the clock of this isolate, by no more than clocks differ. */
export type Authenticity = 'authentic' | 'forged' | 'outlived';

/**
 * Whether a holder of the secret has stored the entry under this key, as it is, and its life is not over by the clock of this
 * isolate: whoever can write to the store can put an old one back, and set back what the store says of its age.
 */
export async function authenticityOf(
  seal: Seal,
  key: string,
  entry: SharedEntry,
  nowMs: number,
): Promise<Authenticity> {
  const { sealing } = entry;
  if (!sealing || !(await seal.verify(textOf(key, { ...entry, ...sealing }), sealing.mac))) return 'forged';
  const ageMs = nowMs - sealing.bornMs;
  const lifeMs = entry.freshMsLeft > 0 ? sealing.freshMs : sealing.lifeMs;
  if (ageMs < -CLOCK_TOLERANCE_MS || ageMs >= lifeMs + CLOCK_TOLERANCE_MS) return 'forged';
  return ageMs < lifeMs ? 'authentic' : 'outlived';
}

type Parts = Pick<Fill, 'asOf' | 'freshMs' | 'payload' | 'tags'> & {
  readonly lifeMs: number;
  readonly bornMs: number;
};

// As JSON, in which no part can pass for the end of another.
function textOf(key: string, { asOf, bornMs, freshMs, lifeMs, tags, payload }: Parts): string {
  return JSON.stringify([key, formatLogicalTime(asOf), bornMs, freshMs, lifeMs, tags, payload]);
}

import { formatLogicalTime } from '../logical-time.ts';
import type { Seal } from './seal.ts';
import { type Fill, lifeMsOf, type SharedEntry } from './shared-store.ts';

/** The clocks of isolates and of the store differ by less than this. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Adds a proof to the fill: this key has this answer, read at this time by the clock of this isolate. */
export async function sealed(seal: Seal, key: string, fill: Fill, bornMs: number): Promise<Fill> {
  const text = textOf(key, { ...fill, lifeMs: lifeMsOf(fill), bornMs });
  return { ...fill, seal: `${bornMs}:${await seal.sign(text)}` };
}

/** `outlived`: the life of the entry has ended by the clock of this isolate, by no more than clocks differ. */
export type Authenticity = 'authentic' | 'forged' | 'outlived';

/**
 * Checks that a holder of the secret has stored this very entry under this key, and that its life has not ended by the clock of
 * this isolate. A party with access to the store could put an old entry back, and set back the age that the store tells.
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

// JSON keeps the parts apart: no part can pass for the end of another.
function textOf(key: string, { asOf, bornMs, freshMs, lifeMs, tags, payload }: Parts): string {
  return JSON.stringify([key, formatLogicalTime(asOf), bornMs, freshMs, lifeMs, tags, payload]);
}

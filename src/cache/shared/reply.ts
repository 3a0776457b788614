import * as z from 'zod';
import { parseLogicalTime } from '../logical-time.ts';

/** A number as it leaves a script: its digits. */
export const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number);

/** A logical time, null for none. */
export const logicalTime = z.string().transform((text) => {
  const time = parseLogicalTime(text);
  return time && { epoch: sameEpoch(time.epoch), n: time.n };
});

let latestEpoch = '';

// An epoch lasts for weeks: one string for all entries of it saves each 68 bytes, and what it was cut out of.
function sameEpoch(epoch: string): string {
  if (epoch !== latestEpoch) latestEpoch = epoch;
  return latestEpoch;
}

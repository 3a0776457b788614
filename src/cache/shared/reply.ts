import * as z from 'zod';
import { parseLogicalTime } from '../logical-time.ts';

/** A whole number, which scripts answer as digits. */
export const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number);

/** A logical time, null for none. */
export const logicalTime = z.string().transform(parseLogicalTime);

import { InvalidArgumentError } from 'commander';
import { FIELDS, type Flag } from '../command/flags.ts';

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };

/** The end of a key's life: so long from now, a time, or never. */
export type Expiry = { readonly inMs: number } | { readonly at: string } | 'never';

export const expiryFlag: Flag<Expiry> = {
  description: 'When it ends: 90d, 12h, 4w, a time by ISO 8601, or never.',
  group: FIELDS,
  value: 'when',
  parse(given) {
    if (given === 'never') return given;
    const [, digits, unit = ''] = /^(\d{1,5})([hdw])$/.exec(given) ?? [];
    const unitMs = UNITS[unit];
    if (digits !== undefined && unitMs !== undefined) return { inMs: Number(digits) * unitMs };
    if (Number.isNaN(Date.parse(given))) throw new InvalidArgumentError('It is like 90d, a time, or never.');
    return { at: new Date(given).toISOString() };
  },
};

/** The time as the service takes it. */
export function toExpiresAt(expiry: Expiry | undefined, nowMs: number): string | null | undefined {
  if (expiry === undefined) return undefined;
  if (expiry === 'never') return null;
  return 'at' in expiry ? expiry.at : new Date(nowMs + expiry.inMs).toISOString();
}

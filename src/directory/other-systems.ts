import * as z from 'zod';
import { bounded, text, wellFormed } from './fields.ts';

const MAX_EXTERNAL_ID = 255;
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
const EXTERNAL_ID = /^[^\u0000-\u001f\u007f-\u009f]{1,255}$/u;
const NO_EXTERNAL_ID = 'must have 1 to 255 characters, none of them a control character';

/** An external id that there may be. */
export const ExternalId = bounded(MAX_EXTERNAL_ID, NO_EXTERNAL_ID)
  .regex(EXTERNAL_ID, { error: NO_EXTERNAL_ID, abort: true })
  .refine(...wellFormed);

/** True if Postgres could hold a row of this external id. */
export function isExternalId(id: string): boolean {
  return !isLonger(id, MAX_EXTERNAL_ID) && EXTERNAL_ID.test(id) && id.isWellFormed();
}

/** A path of a URL loses such a segment. */
const DOTS = new Set(['.', '..']);

/** An external id that may be given to a row. */
export const NewExternalId = text(MAX_EXTERNAL_ID, 1).refine((id) => !DOTS.has(id), 'must not be . or ..');

const MAX_NAMES = 50;
const MAX_NAME = 255;
const MAX_BYTES = 8_192;
export const METADATA_BOUNDS = `must have at most ${MAX_NAMES} names, and ${MAX_BYTES} bytes of UTF-8 in names and values together`;

const encoder = new TextEncoder();

/** Adds the faults of metadata before its schema, which drops the name `__proto__` and calls other names invalid without a reason. */
function requireMetadata(given: unknown, ctx: z.RefinementCtx): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const parts = Object.entries(given).filter(([, value]) => value !== null);
  const bytes = parts.reduce((sum, part) => sum + encoder.encode(part.join('')).length, 0);
  if (parts.length > MAX_NAMES || bytes > MAX_BYTES) ctx.addIssue(METADATA_BOUNDS);
  for (const [name, value] of Object.entries(given)) {
    const message = faultOfName(name) ?? faultOfValue(value);
    if (message) ctx.addIssue({ code: 'custom', path: [name], message });
  }
  return given;
}

function faultOfName(name: string): string | null {
  if (name === '__proto__' || name === '' || isLonger(name, MAX_NAME) || hasNul(name))
    return `has a name that is not allowed: 1 to ${MAX_NAME} characters, not NUL, not __proto__`;
  return null;
}

function faultOfValue(value: unknown): string | null {
  // A longer one is refused by its length alone, and not looked into.
  const isFaulty = typeof value === 'string' && value.length <= MAX_BYTES && hasNul(value);
  return isFaulty ? 'must be well-formed Unicode without NUL' : null;
}

/** True if the text has more characters, none of which are counted where it is much longer. */
function isLonger(part: string, characters: number): boolean {
  return part.length > 2 * characters || Array.from(part).length > characters;
}

/** Postgres stores neither NUL nor half of a surrogate pair. */
function hasNul(part: string): boolean {
  return part.includes('\0') || !part.isWellFormed();
}

const description = 'At most 50 texts, and 8 KiB of UTF-8 in all.';

/** What other systems note about a row. */
export const Metadata = z.preprocess(requireMetadata, z.record(z.string(), z.string())).meta({ description });

/** A merge patch of metadata. */
export const MetadataChanges = z
  .preprocess(requireMetadata, z.record(z.string(), z.string().nullable()))
  .nullable()
  .meta({ description: `Merged: null removes a name. ${description}` });

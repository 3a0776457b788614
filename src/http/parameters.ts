import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../account-number.ts';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type Page } from '../directory/page.ts';
import { USERNAME } from '../directory/users.ts';

const ID_FAULT = 'must be a positive whole number below 2^53';

// Parameters arrive as text; what the text must spell is a number, and that is what the description says.
function asInteger(bounds: { minimum: number; maximum?: number; default?: number }) {
  return ({ jsonSchema }: { jsonSchema: object }): void => {
    Object.assign(jsonSchema, { type: 'integer', pattern: undefined, maxLength: undefined, ...bounds });
  };
}

function id(description: string) {
  return z
    .string()
    .regex(/^[1-9][0-9]{0,15}$/, ID_FAULT)
    .transform(Number)
    .refine(Number.isSafeInteger, ID_FAULT)
    .meta({ description, override: asInteger({ minimum: 1 }) });
}

export const UserId = id('Id of a user.');
export const UserProfileId = id('Id of a user profile.');
export const KeyId = id('Id of an API key.');
export const EntityId = id('Id of a row.');

export const AccountNumber = z
  .string()
  .regex(ACCOUNT_NUMBER, 'must be like 1234-5678-9012')
  .meta({ description: 'Number of an account.', example: '3141-5926-5359' });

export const Username = z
  .string()
  .regex(USERNAME, 'must have 1 to 150 characters, none of them a control character')
  .refine((text) => text.isWellFormed(), 'is not well-formed Unicode')
  .meta({ description: 'Exact username; case matters.' });

/** `?limit=` of every list. */
export const Limit = z
  .string()
  .regex(/^[0-9]{1,3}$/, `must be a whole number from 1 to ${MAX_PAGE_SIZE}`)
  .transform(Number)
  .pipe(z.number().min(1, 'must be at least 1').max(MAX_PAGE_SIZE, `must be at most ${MAX_PAGE_SIZE}`))
  .default(DEFAULT_PAGE_SIZE)
  .meta({
    description: 'Greatest number of items.',
    override: asInteger({ minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE }),
  });

const Cursor = z
  .string()
  .max(64, 'is no cursor of this list')
  .transform((text, ctx) => decodeCursor(text) ?? (ctx.addIssue('is no cursor of this list'), z.NEVER))
  .optional()
  .meta({ description: '`nextCursor` of the page before.', override: { type: 'string' } });

/** `?limit=` and `?cursor=` of every list. */
export const PageQuery = z.object({ limit: Limit, cursor: Cursor });

/** `?dryRun=` of every deletion. */
export const DryRunQuery = z.object({
  dryRun: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true')
    .meta({
      description: 'Say what would be deleted, and delete nothing.',
      override: ({ jsonSchema }) => {
        Object.assign(jsonSchema, { type: 'boolean', enum: undefined, default: false });
      },
    }),
});

const CURSOR_PREFIX = 'after:';

/** Cursors are opaque to callers: what they hold may change. */
export function encodeCursor(afterId: number): string {
  return btoa(`${CURSOR_PREFIX}${afterId}`).replaceAll('=', '');
}

function decodeCursor(text: string): number | null {
  const [, digits] = /^after:([1-9][0-9]{0,15})$/.exec(decodeBase64(text)) ?? [];
  const afterId = Number(digits);
  return Number.isSafeInteger(afterId) ? afterId : null;
}

function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    return '';
  }
}

/** The slice of a list that the query asks for. */
export function toPage({ limit, cursor }: z.output<typeof PageQuery>): Page {
  return { limit, afterId: cursor ?? 0 };
}

import * as z from 'zod';
import { AccountNumber as AnyAccountNumber } from '../../directory/fields.ts';
import { ExternalId as AnyExternalId } from '../../directory/other-systems.ts';
import { CACHED_PAGE_SIZES, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../directory/page.ts';
import { Username as AnyUsername } from '../../directory/users/users.ts';

const ID_FAULT = 'must be a positive whole number below 2^53';

// Parameters arrive as text, and the OpenAPI document describes the numbers that the text must spell.
export function asInteger(bounds: { minimum: number; maximum?: number; default?: number }) {
  return ({ jsonSchema }: { jsonSchema: object }): void => {
    Object.assign(jsonSchema, { type: 'integer', pattern: undefined, maxLength: undefined, ...bounds });
  };
}

export const EntityId = z
  .string()
  .regex(/^[1-9][0-9]{0,15}$/, { error: ID_FAULT, abort: true })
  .transform(Number)
  .refine(Number.isSafeInteger, ID_FAULT)
  .meta({ override: asInteger({ minimum: 1 }) });

export const UserId = EntityId.meta({ param: { id: 'userId', description: 'Id of a user.' } });
export const UserProfileId = EntityId.meta({
  param: { id: 'userProfileId', description: 'Id of a user profile.' },
});
export const DeletionId = EntityId.meta({ param: { id: 'deletionId', description: 'Id of a deletion.' } });
export const KeyId = EntityId.meta({ param: { id: 'keyId', description: 'Id of an API key.' } });

export const AccountNumber = AnyAccountNumber.meta({
  id: 'AccountNumber',
  description: 'Number of an account.',
  example: '3141-5926-5359',
  param: { id: 'accountNumber' },
});

export const Username = AnyUsername.meta({
  param: { id: 'username', description: 'Exact username; case matters.' },
});

const ExternalId = AnyExternalId.meta({
  param: { id: 'externalId', description: 'Exact external id, percent-encoded.' },
});

/** The parameters that are the input of look-ups. */
export const inputParameters = {
  accountNumber: AccountNumber,
  userId: UserId,
  userProfileId: UserProfileId,
  username: Username,
  externalId: ExternalId,
};
export type InputParameters = typeof inputParameters;

/** `?limit=` of every list. */
export const Limit = z
  .string()
  .regex(/^[0-9]{1,3}$/, { error: `must be a whole number from 1 to ${MAX_PAGE_SIZE}`, abort: true })
  .transform(Number)
  .pipe(z.number().min(1, 'must be at least 1').max(MAX_PAGE_SIZE, `must be at most ${MAX_PAGE_SIZE}`))
  .default(DEFAULT_PAGE_SIZE)
  .meta({
    override: asInteger({ minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE }),
    param: {
      id: 'limit',
      description: `Maximum number of items. Caches hold pages of ${CACHED_PAGE_SIZES.join(', ')} items; other pages are read from Postgres.`,
    },
  });

/** A parameter that is false unless it says `true`. Routes share it under the name of the component. */
export function flag(description: string, component?: string) {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true')
    .meta({
      param: { description, ...(component !== undefined && { id: component }) },
      override: ({ jsonSchema }) => {
        Object.assign(jsonSchema, { type: 'boolean', enum: undefined, default: false });
      },
    });
}

/** `?dryRun=` of every deletion. */
export const DryRunQuery = z.object({
  dryRun: flag('Say what would be deleted, and delete nothing.', 'dryRun'),
});

/** `?force=` of the routes that protect the last admin. */
export const ForceQuery = z.object({
  force: flag(
    'Allow removing the last admin. Requires `rights:write` and a key that is bound to no account; the audit log notes it.',
    'force',
  ),
});

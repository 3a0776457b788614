import * as z from 'zod';
import { ACCOUNT_NUMBER } from './accounts/account-number.ts';
import { ExternalId } from './other-systems.ts';

const id = z.int('must be a positive whole number below 2^53').positive('must be positive');
const accountNumber = z
  .string()
  .regex(ACCOUNT_NUMBER, 'must be like 1234-5678-9012')
  .meta({ example: '3141-5926-5359' });

/** The inputs that look-ups of one thing take. */
export const NoInput = z.strictObject({});
export const AccountInput = z.strictObject({ accountNumber });
export const UserInput = z.strictObject({ userId: id });
export const UserProfileInput = z.strictObject({ userProfileId: id });
export const ExternalIdInput = z.strictObject({ externalId: ExternalId });

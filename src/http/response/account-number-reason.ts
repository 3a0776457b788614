import * as z from 'zod';
import { ACCOUNT_NUMBER_REASONS } from '../../directory/accounts/explain-account-number.ts';

/** Why a URL gives the account number that it gives, beside the number. */
export const AccountNumberReason = z.object({
  reason: z.enum(ACCOUNT_NUMBER_REASONS).meta({
    description: 'Tested in the order in which they are listed here, `found` last.',
  }),
  labels: z.array(z.string()).meta({ description: 'Of the host; none where there is no host.' }),
});

import * as z from 'zod';
import { Reason } from '../../directory/accounts/account-number-reason.ts';

/** Why a URL gives the account number that it gives, beside the number. */
export const AccountNumberReason = z.object({
  reason: Reason,
  labels: z.array(z.string()).meta({ description: 'Of the host; none where there is no host.' }),
});

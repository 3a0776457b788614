import * as z from 'zod';
import { ACCOUNT_NUMBER_REASONS } from './explain-account-number.ts';

/** Why a URL gives its account number, or none. */
export const Reason = z.enum(ACCOUNT_NUMBER_REASONS).meta({
  id: 'AccountNumberReason',
  description: 'Tested in this order, `found` last.',
});

import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../directory/accounts/account-number.ts';
import {
  AccountChanges,
  changeAccount,
  createAccount,
  deleteAccount,
  NewAccount,
  switchDefaultAccount,
} from '../directory/accounts/changes.ts';
import { method } from './method.ts';
import { change, creation, deletion, idempotencyOf, preconditionOf, toWritten } from './write-options.ts';

const scope = 'directory:write';
const accountNumber = z.string().regex(ACCOUNT_NUMBER, 'must be like 1234-5678-9012');
export const newAccount = method({
  args: z.object({ account: NewAccount, options: creation }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, { account, options }, _read, writer, _env, sent) =>
    toWritten(
      await createAccount(deps, writer, account, await idempotencyOf('createAccount', sent, options)),
    ),
});

export const changedAccount = method({
  args: z.object({ accountNumber, changes: AccountChanges, options: change }),
  scope,
  subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, changes, ...args }, _read, writer) =>
    toWritten(await changeAccount(deps, writer, args.accountNumber, changes, preconditionOf(options))),
});

export const newDefaultAccount = method({
  args: z.object({ accountNumber }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, args, _read, writer) =>
    toWritten(await switchDefaultAccount(deps, writer, args.accountNumber)),
});

export const deletedAccount = method({
  args: z.object({ accountNumber, options: deletion }),
  scope,
  subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, ...args }, _read, writer) =>
    toWritten(await deleteAccount(deps, writer, args.accountNumber, preconditionOf(options), options.dryRun)),
});

import * as z from 'zod';
import * as accounts from '../directory/accounts/changes.ts';
import { AccountNumber } from '../directory/fields.ts';
import { method } from './method.ts';
import {
  change,
  creation,
  deletion,
  idempotencyOf,
  ofRequest,
  preconditionOf,
  toWritten,
} from './write-options.ts';

const scope = 'directory:write';
export const createAccount = method({
  args: z.object({ account: accounts.NewAccount, options: creation }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, { account, options }, _read, writer, _env, sent) =>
    toWritten(
      await accounts.createAccount(
        deps,
        writer,
        account,
        await idempotencyOf('createAccount', sent, options),
      ),
    ),
});

export const changeAccount = method({
  args: z.object({ accountNumber: AccountNumber, changes: accounts.AccountChanges, options: change }),
  scope,
  subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, changes, ...args }, _read, writer) =>
    toWritten(
      await accounts.changeAccount(deps, writer, args.accountNumber, changes, preconditionOf(options)),
    ),
});

export const switchDefaultAccount = method({
  args: z.object({ accountNumber: AccountNumber, options: ofRequest }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, args, _read, writer) =>
    toWritten(await accounts.switchDefaultAccount(deps, writer, args.accountNumber)),
});

export const deleteAccount = method({
  args: z.object({ accountNumber: AccountNumber, options: deletion }),
  scope,
  subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, ...args }, _read, writer) =>
    toWritten(
      await accounts.deleteAccount(deps, writer, args.accountNumber, preconditionOf(options), options.dryRun),
    ),
});

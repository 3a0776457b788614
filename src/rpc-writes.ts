import * as z from 'zod';
import { formatToken } from './cache/logical-time.ts';
import {
  AccountChanges,
  changeAccount,
  createAccount,
  deleteAccount,
  NewAccount,
  switchDefaultAccount,
} from './directory/account-changes.ts';
import { type Created, type Done, type Idempotency, type Precondition } from './directory/write.ts';
import { method } from './rpc-call.ts';
import { sha256Of } from './sha256.ts';

/** What every change and deletion takes after its arguments. */
export interface ChangeOptions {
  /** The `revision` of the row that the caller has read: refused when it is another by now. */
  readonly revision: number;
}

export interface DeleteOptions extends Partial<ChangeOptions> {
  /** Say what would be deleted, and delete nothing; then `revision` may be left out. */
  readonly dryRun?: boolean;
}

export interface CreateOptions {
  /** Names this creation for 24 hours: asked again, it is answered as the first time and done once. */
  readonly idempotencyKey?: string;
}

/** The row as written, and the token for reads that must see it. */
export interface RpcWritten<T> {
  readonly value: T;
  readonly consistencyToken: string;
}

const scope = 'directory:write';
const accountNumber = z.string().min(1, 'is required');
const revision = z.int().positive();
const change = z.strictObject({ revision });
const deletion = z
  .strictObject({ revision: revision.optional(), dryRun: z.boolean().default(false) })
  .refine(({ revision: seen, dryRun }) => dryRun || seen !== undefined, {
    path: ['revision'],
    error: 'is required',
  });
const creation = z
  .strictObject({
    idempotencyKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 printable ASCII characters')
      .optional(),
  })
  .default({});

export const newAccount = method({
  args: z.object({ account: NewAccount, options: creation }),
  scope,
  about: () => ({ kind: 'everything' }),
  run: async (deps, { account, options }, _read, writer) =>
    toWritten(
      await createAccount(deps, writer, account, await idempotencyOf('createAccount', account, options)),
    ),
});

export const changedAccount = method({
  args: z.object({ accountNumber, changes: AccountChanges, options: change }),
  scope,
  about: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, changes, ...args }, _read, writer) =>
    toWritten(await changeAccount(deps, writer, args.accountNumber, changes, preconditionOf(options))),
});

export const newDefaultAccount = method({
  args: z.object({ accountNumber }),
  scope,
  about: () => ({ kind: 'everything' }),
  run: async (deps, args, _read, writer) =>
    toWritten(await switchDefaultAccount(deps, writer, args.accountNumber)),
});

export const deletedAccount = method({
  args: z.object({ accountNumber, options: deletion }),
  scope,
  about: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
  run: async (deps, { options, ...args }, _read, writer) =>
    toWritten(await deleteAccount(deps, writer, args.accountNumber, preconditionOf(options), options.dryRun)),
});

function toWritten<T>({ value, token }: Done<T> | Created<T>): RpcWritten<T> {
  return { value, consistencyToken: formatToken(token) };
}

function preconditionOf({ revision: seen }: { revision?: number | undefined }): Precondition {
  return seen === undefined ? null : [[{ revision: seen }]];
}

async function idempotencyOf(
  name: string,
  input: object,
  { idempotencyKey }: z.output<typeof creation>,
): Promise<Idempotency | undefined> {
  if (idempotencyKey === undefined) return undefined;
  return { key: idempotencyKey, requestSha256: await sha256Of(`${name}\n${JSON.stringify(input)}`) };
}

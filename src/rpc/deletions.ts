import * as z from 'zod';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import * as deletions from '../directory/deletions/deletions.ts';
import * as restores from '../directory/deletions/restore.ts';
import { AccountNumber, soughtText } from '../directory/fields.ts';
import { Instant } from '../directory/instant.ts';
import type { PastDeletion } from '../shapes/past-deletion.ts';
import type { RpcPage } from '../shapes/rpc.ts';
import { RequestId } from './call.ts';
import { pageOptions } from './look-up-methods.ts';
import { BadArgument, type CallContext, method } from './method.ts';
import { toWritten } from './write-options.ts';

const deletionId = z.int().positive();
const subject = () => ({ kind: 'deletions' }) as const;

const options = z
  .strictObject({
    ...pageOptions.shape,
    kind: deletions.DeletedKind.optional(),
    accountNumber: AccountNumber.optional(),
    username: soughtText(150).optional(),
    since: Instant.optional(),
    until: Instant.optional(),
    requestId: RequestId.optional(),
  })
  .prefault({});

const list = method({
  args: z.object({ options }),
  scope: 'audit:read',
  subject,
  async run(deps, { options: given }, read, { caller }, env): Promise<RpcPage<PastDeletion>> {
    const { limit, cursor: text } = given;
    const filters = deletions.filtersOf(given);
    const name = deletions.nameOfDeletions(filters, caller.accountNumber);
    const after = text === undefined || text === null ? null : decodeCursor(text);
    const isOwn = after ? await isCursorOf(env, name, after) : !text;
    if (!isOwn) throw new BadArgument(`options.cursor: ${NO_CURSOR}`);
    const { items, next } = await deletions.listDeletions(deps, caller, { ...filters, limit, after }, read);
    return { items, nextCursor: next && (await sealCursor(env, name, { ...next, limit: null })) };
  },
});

export function listDeletions(env: object, ctx: CallContext, args: object): Promise<RpcPage<PastDeletion>> {
  return list(env, ctx, args, undefined);
}

export const getDeletion = method({
  args: z.object({ deletionId }),
  scope: 'audit:read',
  subject,
  run: (deps, args, _read, { caller }) => deletions.getDeletion(deps, caller, args.deletionId),
});

export const restoreDeletion = method({
  args: z.object({
    deletionId,
    options: z
      .strictObject({ dryRun: z.boolean().default(false), requestId: RequestId.optional() })
      .prefault({}),
  }),
  scope: 'directory:write',
  subject,
  run: async (deps, args, _read, writer) =>
    toWritten(await restores.restoreDeletion(deps, writer, args.deletionId, args.options.dryRun)),
});

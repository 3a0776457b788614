import * as z from 'zod';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import {
  cursorOf,
  FedKind,
  kindsOf,
  listChanges as readChanges,
  MAX_WAIT_S,
  nameOfFeed,
  numberOf,
} from '../directory/change-feed.ts';
import type { RpcChanges } from '../shapes/change.ts';
import { RequestId } from './call.ts';
import { pageOptions } from './look-up-methods.ts';
import { BadArgument, type CallContext, method } from './method.ts';

const changesOptions = z
  .strictObject({
    after: z.string().nullish(),
    limit: pageOptions.shape.limit,
    kinds: z.array(FedKind).min(1).nullish(),
    requestId: RequestId.optional(),
    wait: z.int().min(0).max(MAX_WAIT_S).default(0),
  })
  .prefault({});

const list = method({
  args: z.object({ options: changesOptions }),
  scope: 'audit:read',
  subject: () => ({ kind: 'changes' }),
  async run(deps, { options }, read, { caller }, env): Promise<RpcChanges> {
    const { accountNumber: within } = caller;
    const { limit, wait } = options;
    const kinds = kindsOf(options.kinds);
    const name = nameOfFeed(kinds, within);
    const after = await parseAfter(env, name, options.after);
    const { items, upTo } = await readChanges(deps, { after, kinds, within, limit }, wait, read);
    return { items, nextCursor: await sealCursor(env, name, cursorOf(upTo)) };
  },
});

export function listChanges(env: object, ctx: CallContext, args: object): Promise<RpcChanges> {
  return list(env, ctx, args, undefined);
}

async function parseAfter(env: object, name: string, text: string | null | undefined) {
  if (text === null || text === undefined) return null;
  if (text === 'latest') return text;
  const cursor = decodeCursor(text);
  if (!cursor || !(await isCursorOf(env, name, cursor))) throw new BadArgument(`options.after: ${NO_CURSOR}`);
  return numberOf(cursor);
}

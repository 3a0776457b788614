import * as z from 'zod';
import * as erasures from '../directory/users/erasure.ts';
import * as exports from '../directory/users/export.ts';
import { RequestId } from './call.ts';
import { method } from './method.ts';
import { toWritten } from './write-options.ts';

const userId = z.int().positive();
const subject = () => ({ kind: 'everything' }) as const;

export const eraseUser = method({
  args: z.object({
    userId,
    options: z
      .strictObject({
        dryRun: z.boolean().default(false),
        force: z.boolean().default(false),
        requestId: RequestId.optional(),
      })
      .prefault({}),
  }),
  scope: 'rights:write',
  alsoScope: 'directory:write',
  subject,
  run: async (deps, args, _read, writer) => {
    const { dryRun, force } = args.options;
    return toWritten(await erasures.eraseUser(deps, { ...writer, isForced: force }, args.userId, dryRun));
  },
});

export const exportUser = method({
  args: z.object({ userId }),
  scope: 'audit:read',
  alsoScope: 'directory:read',
  subject,
  run: (deps, args) => exports.exportUser(deps, args.userId),
});

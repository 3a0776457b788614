import { app } from './http/app.ts';
import { deleteOldRows, isRetentionDue } from './jobs/retention.ts';
import { drainOutbox, numberNewChanges } from './jobs/drain-outbox.ts';

export { AccountDirectory } from './rpc/account-directory.ts';

export default {
  fetch: app.fetch,
  scheduled: async ({ scheduledTime }, env, ctx) => {
    await Promise.all([drainOutbox(env, ctx), numberNewChanges(env, ctx)]);
    if (isRetentionDue(scheduledTime)) await deleteOldRows(env, ctx);
  },
} satisfies ExportedHandler<Env>;

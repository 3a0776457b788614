import { app } from './http/app.ts';
import { deleteOldRows, isRetentionDue } from './jobs/retention.ts';
import { drainOutbox, numberNewChanges } from './jobs/drain-outbox.ts';

export { AccountDirectory } from './rpc/account-directory.ts';

export default {
  fetch: app.fetch,
  scheduled: async ({ scheduledTime }, env, ctx) => {
    const runId = crypto.randomUUID();
    await Promise.all([drainOutbox(env, ctx, runId), numberNewChanges(env, ctx, runId)]);
    if (isRetentionDue(scheduledTime)) await deleteOldRows(env, ctx, runId);
  },
} satisfies ExportedHandler<Env>;

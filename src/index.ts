import { app } from './http/app.ts';
import { drainOutbox } from './scheduled.ts';

export { AccountDirectory } from './rpc.ts';

export default {
  fetch: app.fetch,
  scheduled: (_controller, env, ctx) => drainOutbox(env, ctx),
} satisfies ExportedHandler<Env>;

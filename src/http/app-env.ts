import type { ReadDemands, Trace } from '../cache/cache.ts';
import type { Deps } from '../directory/deps.ts';

/** What handlers find in Hono's context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    deps: Deps;
    /** What the request demands of a read, and what its read did. */
    read: ReadDemands & { readonly trace: Trace };
  };
}

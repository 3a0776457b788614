import type { ReadDemands, Trace } from '../cache/look-up.ts';
import type { Caller } from '../directory/caller.ts';
import type { Deps } from '../directory/deps.ts';
import type { Idempotency, Precondition } from '../directory/write.ts';

/** What handlers find in Hono's context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    deps: Deps;
    /** Who asks; not set on open routes. */
    caller: Caller;
    /** The policy of the limit that the request was counted by last, if any. */
    rateLimitPolicy: string | undefined;
    /** What the request demands of a read, and what its read did. */
    read: ReadDemands & { readonly trace: Trace };
    /** Set where the route's spec has one. */
    precondition: Precondition;
    idempotency: Idempotency | undefined;
  };
}

import type { Context } from 'hono';
import type { ReadDemands, Trace } from '../cache/look-up.ts';
import type { Caller } from '../directory/caller.ts';
import type { Deps } from '../directory/deps.ts';
import type { Idempotency, Precondition } from '../directory/write.ts';
import { type Isolate, isolateOf } from '../isolate.ts';

/** Bindings and variables of Hono's context. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Undefined while a var is wrong; `requireIsolate` throws then. */
    isolate: Isolate | undefined;
    /** The number of the account that the request was about, where it or its answer says one. */
    about: string | null | undefined;
    deps: Deps;
    /** Not set on open routes. */
    caller: Caller;
    /** The policy of the rate limit that last counted the request, if there was one. */
    rateLimitPolicy: string | undefined;
    /** The demands of the request, and a trace of the tiers that its read asked. */
    read: ReadDemands & { readonly trace: Trace };
    /** `Cache-Status` of an answer that no cache was asked for. */
    uncachedStatus: string | undefined;
    /** Set on routes whose spec has a precondition. */
    precondition: Precondition;
    idempotency: Idempotency | undefined;
  };
}

/** The state of the isolate, looked up once per request. Throws `ConfigurationError` when a var is wrong. */
export function requireIsolate(c: Context<AppEnv>): Isolate {
  return c.get('isolate') ?? isolateOf(c.env);
}

import type { Calls } from './isolate.ts';
import type { KeyName } from './lab.ts';
import type { LoadPlan } from './lab-read.ts';
import type { LookUpKey } from './look-ups.ts';
import type { Change } from './model-database.ts';
import type { RedisState } from './virtual-redis.ts';

export interface ReadCommand {
  readonly do: 'read';
  readonly isolate: number;
  readonly key: LookUpKey;
  /** Read in the same turn of the same request. */
  readonly with?: readonly LookUpKey[];
  readonly maxAgeMs?: number;
  readonly noCache?: boolean;
  /** Counted from the latest token backwards. */
  readonly token?: number;
  readonly forged?: 'epoch' | 'ahead';
  readonly load?: LoadPlan;
  readonly calls?: Calls;
  readonly diesAfterMs?: number;
}

/** One step of a run, as plain JSON. Steps only begin things; what they begin goes on while later steps wait. */
export type Command =
  | ReadCommand
  | {
      readonly do: 'write';
      readonly isolate: number;
      readonly change: Change;
      readonly commitMs?: number;
      readonly answerMs?: number;
      readonly calls?: Calls;
      readonly diesAfterMs?: number;
    }
  | { readonly do: 'write elsewhere'; readonly change: Change; readonly openMs?: number }
  | {
      readonly do: 'drain';
      readonly isolate: number;
      readonly selectMs?: number;
      readonly writeMs?: number;
      readonly calls?: Calls;
      readonly diesAfterMs?: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'redis is'; readonly state: RedisState }
  | { readonly do: 'redis clock steps'; readonly ms: number }
  | { readonly do: 'flush' }
  | { readonly do: 'lose' | 'corrupt'; readonly key: KeyName }
  | { readonly do: 'replication stops' }
  | { readonly do: 'failover' }
  /** For the whole run: memory lives by its own reads alone, and follows no log. */
  | { readonly do: 'no log' };

export const ISOLATES = 2;

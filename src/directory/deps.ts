import type { Cache } from '../cache/cache.ts';
import type { Trace } from '../cache/look-up.ts';
import type { Db } from '../db/client/client.ts';
import type { PlatformAccount } from '../db/reads/accounts.ts';
import type { Log } from '../lib/log.ts';
import type { Caller } from './caller.ts';
import type { KeyUses } from './keys/uses.ts';

/** The configuration that answers depend on. */
export interface Platform extends PlatformAccount {
  /** Domain of the e-mail addresses of created admin users. */
  readonly rootDomain: string;
  /** The second part of every API key. */
  readonly environment: string;
  /** The number of keys that one account may have in force; keys without an account count together. */
  readonly keysPerAccount: number;
  /** Days for which what is deleted can be restored; 0: it cannot. */
  readonly deletionsKeptDays: number;
}

/** The tools of the verbs, made per request. */
export interface Deps {
  readonly cache: Cache;
  readonly db: Db;
  readonly platform: Platform;
  /** Belongs to the isolate. */
  readonly keyUses: KeyUses;
  readonly log: Log;
  /** Tells the origin Worker, if there is one, for whom the questions to come are asked. */
  readonly askFor?: (caller: Caller) => void;
  /** Filled with what is asked of Postgres past the cache. */
  readonly trace?: Trace;
}

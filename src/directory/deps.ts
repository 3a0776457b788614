import type { Cache } from '../cache/cache.ts';
import type { Db } from '../db/client.ts';
import type { Log } from '../log.ts';

/** Configuration that is an input of answers. */
export interface Platform {
  readonly accountNumber: string;
  readonly adminUsername: string;
  /** Domain of the e-mail addresses of created admin users. */
  readonly rootDomain: string;
}

/** What the verbs work with; made per request. */
export interface Deps {
  readonly cache: Cache;
  readonly db: Db;
  readonly platform: Platform;
  readonly log: Log;
}

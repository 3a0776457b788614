import type { Db } from '../../../src/db/client/client.ts';
import type { Deps } from '../../../src/directory/deps.ts';
import { makeKeyUses } from '../../../src/directory/keys/uses.ts';
import { makeFakeCache } from '../cache/fake-cache.ts';

/** What the directory needs, with this database and a cache that holds nothing. */
export function makeDirectoryDeps(db: Db): Deps {
  const cache = makeFakeCache();
  const platform = {
    accountNumber: '3141-5926-5359',
    adminUsername: 'admin',
    rootDomain: 'corp.example',
    environment: 'test',
    keysPerAccount: 1_000,
    deletionsKeptDays: 30,
  };
  return { cache, db, platform, keyUses: makeKeyUses(), log: cache.log };
}

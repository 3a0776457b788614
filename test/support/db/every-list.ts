import type { AuditPage } from '../../../src/db/reads/audit.ts';
import type { Db } from '../../../src/db/client/client.ts';
import { listAuditEntries } from '../../../src/directory/audit.ts';
import { ROOT } from '../../../src/directory/caller.ts';
import { listKeys } from '../../../src/directory/keys/keys.ts';
import { listAccounts, listUsers } from '../../../src/directory/lists.ts';
import { makeDirectoryDeps } from './directory-deps.ts';

/** The whole audit log, as far as one page shows it. */
export const wholeAudit: AuditPage = {
  within: null,
  actor: null,
  requestId: null,
  entity: null,
  entityId: null,
  action: null,
  accountNumber: null,
  username: null,
  since: null,
  until: null,
  after: null,
  limit: 500,
};

/** What every list that passes the caches by answers now. */
export async function readEveryList(db: Db) {
  const deps = makeDirectoryDeps(db);
  const page = { isActive: null, prefix: null, after: null, limit: 500 };
  return {
    users: await listUsers(deps, page, {}),
    activeUsers: await listUsers(deps, { ...page, isActive: true }, {}),
    accounts: await listAccounts(deps, page, {}),
    keys: await listKeys(deps, ROOT, undefined, { afterId: 0, limit: 500, isCached: false }),
    audit: await listAuditEntries(deps, wholeAudit, {}),
    auditOfActor: await listAuditEntries(deps, { ...wholeAudit, actor: 'test' }, {}),
  };
}

import { failureOf } from '../api/problem.ts';
import type { Session } from '../api/session.ts';
import { EXIT } from '../failure.ts';
import type { Scope } from '../keys/scopes.ts';

/** No row has it. */
const NO_ID = String(Number.MAX_SAFE_INTEGER);
const NOBODY = `/v1/users/${NO_ID}`;

/** True if the key has the right, null if that shows nowhere. */
type Finding = boolean | null;

/** Finds out rights by requests that change nothing: the service names the right that a request lacks. */
export async function probeRights(session: Session): Promise<{ scopes: Scope[]; unknown: Scope[] }> {
  const has = (scope: Scope, method: string, path: string) => mayDo(session, scope, method, path);
  const [reads, writes, audits] = await Promise.all([
    has('directory:read', 'GET', NOBODY),
    has('directory:write', 'DELETE', `${NOBODY}?dryRun=true`),
    has('audit:read', 'GET', '/v1/deletions?limit=1'),
  ]);
  // A key that lacks the first right is refused for it, whether it has the second or not.
  const findings: [Scope, Finding][] = [
    ['directory:read', reads],
    ['directory:write', writes],
    ['cache:invalidate', reads ? await mayInvalidate(session) : null],
    ['rights:write', writes ? await has('rights:write', 'POST', `${NOBODY}/erase?dryRun=true`) : null],
    ['audit:read', audits],
  ];
  const found = (wanted: Finding) => findings.filter(([, is]) => is === wanted).map(([scope]) => scope);
  return { scopes: found(true), unknown: found(null) };
}

async function mayDo(session: Session, scope: Scope, method: string, path: string): Promise<boolean> {
  const response = await session.send(path, { method });
  if (response.ok) return true;
  if (response.status === 403) return !(await response.text()).includes(`scope ${scope}`);
  const failure = await failureOf(response);
  if (failure.exitCode === EXIT.notAllowed || failure.exitCode === EXIT.unavailable) throw failure;
  return true;
}

/** A read past the caches, which hold the answer since the probe above, is answered by them to a key without the right. */
async function mayInvalidate({ send }: Session): Promise<Finding> {
  const response = await send(NOBODY, { headers: { 'Cache-Control': 'no-cache' } });
  const status = response.headers.get('Cache-Status') ?? '';
  if (status.includes('redis; fwd=request')) return true;
  return status.includes('redis; hit') ? false : null;
}

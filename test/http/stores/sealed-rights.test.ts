import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeDeps } from '../../../src/deps.ts';
import { requireActiveAccount } from '../../../src/directory/accounts/active-account.ts';
import type { Caller } from '../../../src/directory/caller.ts';
import type { Deps } from '../../../src/directory/deps.ts';
import { checkKey } from '../../../src/directory/keys/check.ts';
import type { Subject } from '../../../src/directory/subject.ts';
import { requireVisible } from '../../../src/directory/visibility.ts';
import { emptyRedis, newIsolate, redis, redisKeys, useStack } from '../../support/stack.ts';
import { issueKey } from '../../support/http/issued-keys.ts';

const stack = useStack();
const ACCOUNT = '1234-5678-9012';
const caller: Caller = { id: 'key:1', scopes: new Set(['directory:read']), accountNumber: ACCOUNT };

interface Case<S extends Subject> {
  readonly subject: S;
  /** What the entry is of that decides whether it is seen. */
  readonly deciding?: string;
}

/** One of every kind that there is. */
const cases: { readonly [K in Subject['kind']]: Case<Extract<Subject, { readonly kind: K }>> } = {
  everything: { subject: { kind: 'everything' } },
  keys: { subject: { kind: 'keys' } },
  changes: { subject: { kind: 'changes' } },
  search: { subject: { kind: 'search' } },
  deletions: { subject: { kind: 'deletions' } },
  audit: { subject: { kind: 'audit' } },
  account: { subject: { kind: 'account', accountNumber: ACCOUNT } },
  'account-external-id': {
    subject: { kind: 'account-external-id', externalId: 'acme' },
    deciding: 'external-id-of',
  },
  'platform-admin': { subject: { kind: 'platform-admin' } },
  'default-account': { subject: { kind: 'default-account' } },
  user: { subject: { kind: 'user', userId: 3 }, deciding: 'member' },
  username: { subject: { kind: 'username', username: 'johndoe' }, deciding: 'member-named' },
  'user-external-id': {
    subject: { kind: 'user-external-id', externalId: 'acme:7' },
    deciding: 'member-with-external-id',
  },
  'account-of-user': { subject: { kind: 'account-of-user', userId: 3 }, deciding: 'member' },
  'user-profile': { subject: { kind: 'user-profile', userProfileId: 3 }, deciding: 'profile-in' },
};
/** Decides about itself alone: whoever forges it shows the forgery. */
const SHOWN_ITSELF: Partial<Record<Subject['kind'], string>> = {
  'default-account': 'default-account',
  'account-of-user': 'account-for-user',
};

/** What was read from the shared store for the act, and whether it is sealed there. */
async function entriesOf(act: (deps: Deps) => Promise<unknown>): Promise<Record<string, boolean>> {
  const ctx = createExecutionContext();
  await act(makeDeps(newIsolate(stack.current).env, ctx));
  await waitOnExecutionContext(ctx);
  const names = await redisKeys(stack.current, 'entry:');
  const seals = await Promise.all(names.map((name) => redis(stack.current, 'HGET', name, 'seal')));
  return Object.fromEntries(names.map((name, at) => [kindOf(name), Boolean(seals[at])]));
}

// After the prefix come the version of entries and the account and the admin of the platform.
function kindOf(name: string): string {
  return /:entry:\d+:[\d-]+:[^:]+:([^:]+)/.exec(name)?.[1] ?? name;
}

beforeEach(() => emptyRedis(stack.current));

describe('what decides rights is sealed in Redis', () => {
  test.each(Object.values<Case<Subject>>(cases))('for who sees $subject.kind', async (one) => {
    const { subject, deciding } = one;
    // It may well not be seen, which is decided as well.
    const entries = await entriesOf((deps) => requireVisible(deps, caller, subject).catch(() => {}));
    const shown = SHOWN_ITSELF[subject.kind];
    expect(entries).toEqual({ ...(deciding && { [deciding]: true }), ...(shown && { [shown]: false }) });
  });

  test('for whose account is active', async () => {
    expect(await entriesOf((deps) => requireActiveAccount(deps, caller))).toEqual({ 'is-active': true });
  });

  test('for what a key may do', async () => {
    const { id } = await issueKey(stack.current);
    await emptyRedis(stack.current);
    expect(await entriesOf((deps) => checkKey(deps, id, 'x'))).toEqual({ key: true });
  });
});

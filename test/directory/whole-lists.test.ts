import { expect, test, vi } from 'vitest';
import { makeDbOver } from '../../src/db/client/client.ts';
import { ROOT } from '../../src/directory/caller.ts';
import type { Deps } from '../../src/directory/deps.ts';
import { readWholeList } from '../../src/directory/list.ts';
import { userProfilesOfAccount, validResourceOwners } from '../../src/directory/profiles/profiles.ts';
import { accountsOfUser } from '../../src/directory/accounts/accounts.ts';
import { usersOfAccount } from '../../src/directory/users/users.ts';
import { makeFakeClient, makeNeonError } from '../support/clients.ts';
import { makeDirectoryDeps } from '../support/db/directory-deps.ts';

/** Over a Postgres that answers every question with this error. */
function depsOf(error: Error): Deps {
  const fail = vi.fn<() => Promise<never>>().mockRejectedValue(error);
  return makeDirectoryDeps(makeDbOver(makeFakeClient(fail)));
}

const accountNumber = '1234-5678-9012';
const lists: readonly [string, (deps: Deps) => Promise<unknown>][] = [
  ['listUsersForAccount', (deps) => readWholeList(deps, usersOfAccount, ROOT, { accountNumber })],
  [
    'listUserProfilesForAccount',
    (deps) => readWholeList(deps, userProfilesOfAccount, ROOT, { accountNumber }),
  ],
  ['listValidResourceOwners', (deps) => readWholeList(deps, validResourceOwners, ROOT, { userProfileId: 3 })],
];

test('so it is too many accounts for the list of those of a user', async () => {
  const answer = readWholeList(depsOf(makeNeonError('too large', '54000')), accountsOfUser, ROOT, {
    userId: 3,
  });
  await expect(answer).rejects.toMatchObject({
    code: 'too_many_accounts',
    message:
      'userId: the user has accounts too large to be answered whole; call listAccountsForUser, which answers a page at a time',
  });
});

test.each(lists)(
  'a list that is larger than Neon answers is too many members, for %s',
  async (method, ask) => {
    const answer = ask(depsOf(makeNeonError('the answer is too large', '54000')));
    await expect(answer).rejects.toMatchObject({ code: 'too_many_members' });
    await expect(answer).rejects.toThrow(`call ${method}, which answers a page at a time`);
  },
);

test.each(lists)(
  'a list that Postgres refuses for another reason is not, beside %s',
  async (_method, ask) => {
    const answer = ask(depsOf(makeNeonError('no such table', '42P01')));
    await expect(answer).rejects.toMatchObject({ name: expect.stringMatching(/^Origin/) as unknown });
  },
);

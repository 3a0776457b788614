import { Hono } from 'hono/tiny';
import { accountByExternalId, accountByNumber, defaultAccount } from '../../directory/accounts/accounts.ts';
import { adminOfAccount, createAdminUser, findAdminUserForAccount } from '../../directory/accounts/admins.ts';
import { keyedBy } from '../../directory/look-up.ts';
import { userProfilesOfAccount } from '../../directory/profiles/profiles.ts';
import { usersOfAccount } from '../../directory/users/users.ts';
import { answerRow } from '../response/answer.ts';
import { answerCreated, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { UserList, UserProfileList } from './list-bodies.ts';
import { listRoute, lookUpRoute, specOfLookUp } from './look-up-routes.ts';

const tag = 'Accounts';

const putAdminUser = endpoint({
  operationId: 'ensureAccountAdminUser',
  ...specOfLookUp(adminOfAccount),
  tag,
  summary: "The account's admin user, created if there is none",
  description:
    'Creates the staff user `<accountNumber>-admin` and its profile in one transaction, once however many ask. A user of that name who is no member is never adopted: the next free name is taken. To create needs the scope `rights:write` too.',
  scope: 'directory:write',
  body: adminOfAccount.value,
  creates: 'sometimes',
  errors: ['account_does_not_exist'],
  lookUp: ({ param }) => keyedBy(adminOfAccount, param),
});

export const accounts = new Hono<AppEnv>()
  .get(
    '/v1/accounts/default',
    ...lookUpRoute(defaultAccount, { operationId: 'getDefaultAccount', tag, summary: 'The default account' }),
  )
  .get(
    '/v1/accounts/by-external-id/:externalId',
    ...lookUpRoute(accountByExternalId, {
      operationId: 'getAccountByExternalId',
      tag,
      summary: 'An account by external id',
    }),
  )
  .get(
    '/v1/accounts/:accountNumber',
    ...lookUpRoute(accountByNumber, { operationId: 'getAccount', tag, summary: 'An account by its number' }),
  )
  .get(
    '/v1/accounts/:accountNumber/admin-user',
    ...lookUpRoute(adminOfAccount, {
      operationId: 'getAccountAdminUser',
      tag,
      summary: "The account's admin user",
      description: 'The user of the lowest-id profile whose user is staff or superuser. Never creates one.',
    }),
  )
  .put('/v1/accounts/:accountNumber/admin-user', putAdminUser, async (c) => {
    const { accountNumber } = c.req.valid('param');
    const known = await findAdminUserForAccount(c.get('deps'), accountNumber, c.get('read'));
    if (known) return answerRow(c, known);
    const { user, created, token } = await createAdminUser(c.get('deps'), c.var, accountNumber);
    if (!created) return answerWritten(c, { value: user, token });
    return answerCreated(c, { value: user, token, isReplay: false }, `/v1/users/${user.id}`);
  })
  .get(
    '/v1/accounts/:accountNumber/users',
    ...listRoute(usersOfAccount, {
      operationId: 'listAccountUsers',
      tag,
      summary: "The account's users, by id",
      body: UserList,
    }),
  )
  .get(
    '/v1/accounts/:accountNumber/user-profiles',
    ...listRoute(userProfilesOfAccount, {
      operationId: 'listAccountUserProfiles',
      tag,
      summary: "The account's user profiles, by id",
      body: UserProfileList,
    }),
  );

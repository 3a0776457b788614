import { Hono } from 'hono/tiny';
import { accountForUser, accountsOfUser } from '../../directory/accounts/accounts.ts';
import { userByExternalId, userById, userByUsername } from '../../directory/users/users.ts';
import type { AppEnv } from '../app-env.ts';
import { AccountOfUserList } from './list-bodies.ts';
import { listRoute, lookUpRoute } from './look-up-routes.ts';

const tag = 'Users';

export const users = new Hono<AppEnv>()
  .get(
    '/v1/users/:userId',
    ...lookUpRoute(userById, { operationId: 'getUser', tag, summary: 'A user by id' }),
  )
  .get(
    '/v1/users/by-username/:username',
    ...lookUpRoute(userByUsername, { operationId: 'getUserByUsername', tag, summary: 'A user by username' }),
  )
  .get(
    '/v1/users/by-external-id/:externalId',
    ...lookUpRoute(userByExternalId, {
      operationId: 'getUserByExternalId',
      tag,
      summary: 'A user by external id',
    }),
  )
  .get(
    '/v1/users/:userId/account',
    ...lookUpRoute(accountForUser, {
      operationId: 'getAccountForUser',
      tag,
      summary: "The user's account",
      description:
        "The platform account for the platform's admin; else the default account, if the user has a profile there; else the account of the user's profile with the lowest id.",
    }),
  )
  .get(
    '/v1/users/:userId/accounts',
    ...listRoute(accountsOfUser, {
      operationId: 'listAccountsForUser',
      tag,
      summary: 'The accounts that the user is a member of, by the ids of its profiles',
      description:
        'A caller that is bound to an account sees that account alone, and gets 404 unless the user is a member of it.',
      body: AccountOfUserList,
    }),
  );

import { Hono } from 'hono';
import * as z from 'zod';
import { noAccountForUser, unknownUser } from '../../directory/absence.ts';
import { Account, accountForUser, getCachedAccountForUser } from '../../directory/accounts/accounts.ts';
import {
  getCachedUserForUserId,
  getCachedUserForUsername,
  User,
  userById,
  userByUsername,
} from '../../directory/users/users.ts';
import { answerRow } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { UserId, Username } from '../request/parameters.ts';

const tag = 'Users';
const path = z.object({ userId: UserId });

const getUser = endpoint({
  tag,
  summary: 'A user by id',
  implements: 'get_cached_user_for_user_id',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'user', ...param }),
  path,
  body: User,
  errors: ['user_does_not_exist'],
  lookUp: (deps, { param }) => userById(deps, param.userId),
});

const getUserByUsername = endpoint({
  tag,
  summary: 'A user by username',
  implements: 'get_cached_user_for_username',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'username', ...param }),
  path: z.object({ username: Username }),
  body: User,
  errors: ['user_does_not_exist'],
  lookUp: (deps, { param }) => userByUsername(deps, param.username),
});

const getAccountForUser = endpoint({
  tag,
  summary: "The user's account",
  description:
    "The platform account for the platform's admin; else the default account, if the user has a profile there; else the account of the user's profile with the lowest id.",
  implements: 'get_cached_account_for_user',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'account-of-user', ...param }),
  path,
  body: Account,
  errors: ['no_account_for_user'],
  lookUp: (deps, { param }) => accountForUser(deps, param.userId),
});

export const users = new Hono<AppEnv>()
  .get('/v1/users/:userId', getUser, async (c) => {
    const user = await getCachedUserForUserId(c.get('deps'), c.req.valid('param').userId, c.get('read'));
    return answerRow(c, user ?? unknownUser('userId'));
  })
  .get('/v1/users/by-username/:username', getUserByUsername, async (c) =>
    answerRow(c, await getCachedUserForUsername(c.get('deps'), c.req.valid('param').username, c.get('read'))),
  )
  .get('/v1/users/:userId/account', getAccountForUser, async (c) => {
    const account = await getCachedAccountForUser(c.get('deps'), c.req.valid('param').userId, c.get('read'));
    return answerRow(c, account ?? noAccountForUser());
  });

import { Hono } from 'hono';
import * as z from 'zod';
import { noAdminUser, unknownAccount } from '../../directory/absence.ts';
import {
  Account,
  accountByNumber,
  defaultAccount,
  findAccount,
  getCachedDefaultAccount,
} from '../../directory/accounts/accounts.ts';
import { adminOfAccount, createAdminUser, findAdminUserForAccount } from '../../directory/accounts/admins.ts';
import {
  listUserProfilesForAccount,
  nameOfProfileList,
  userProfilesOfAccount,
} from '../../directory/profiles/profiles.ts';
import { toPage } from '../../directory/page.ts';
import { listUsersForAccount, nameOfUserList, User, usersOfAccount } from '../../directory/users/users.ts';
import { answerPage, answerRow } from '../response/answer.ts';
import { answerCreated, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { UserList, UserProfileList } from './list-bodies.ts';
import { PageQuery } from '../request/list-parameters.ts';
import { AccountNumber } from '../request/parameters.ts';

const tag = 'Accounts';
const path = z.object({ accountNumber: AccountNumber });
const errors = ['account_does_not_exist'] as const;

const getDefaultAccount = endpoint({
  tag,
  summary: 'The default account',
  implements: 'get_cached_default_account',
  scope: 'directory:read',
  subject: () => ({ kind: 'default-account' }),
  body: Account,
  errors: ['no_default_account'],
  lookUp: defaultAccount,
});

const getAccount = endpoint({
  tag,
  summary: 'An account by its number',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  body: Account,
  errors,
  lookUp: (deps, { param }) => accountByNumber(deps, param.accountNumber),
});

const getAdminUser = endpoint({
  tag,
  summary: "The account's admin user",
  description: 'The user of the lowest-id profile whose user is staff or superuser. Never creates one.',
  implements: 'get_cached_admin_user_for_account',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  body: User,
  errors: ['account_does_not_exist', 'admin_user_does_not_exist'],
  lookUp: (deps, { param }) => adminOfAccount(deps, param.accountNumber),
});

const putAdminUser = endpoint({
  tag,
  summary: "The account's admin user, created if there is none",
  description:
    'Creates the staff user `<accountNumber>-admin` and its profile in one transaction, once however many ask. A user of that name who is no member is never adopted: the next free name is taken. To create needs the scope `rights:write` too.',
  implements: 'get_cached_admin_user_for_account',
  scope: 'directory:write',
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  body: User,
  creates: 'sometimes',
  errors,
  lookUp: (deps, { param }) => adminOfAccount(deps, param.accountNumber),
});

const getUsers = endpoint({
  tag,
  summary: "The account's users, by id",
  implements: 'get_users_for_account',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  query: PageQuery,
  body: UserList,
  errors,
  list: ({ param }) => nameOfUserList(param.accountNumber),
  lookUp(deps, { param, query }) {
    const page = toPage(query.limit, query.cursor);
    return page.isCached ? usersOfAccount(deps, param.accountNumber, page) : null;
  },
});

const getUserProfiles = endpoint({
  tag,
  summary: "The account's user profiles, by id",
  implements: 'get_user_profiles_for_account',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  query: PageQuery,
  body: UserProfileList,
  errors,
  list: ({ param }) => nameOfProfileList(param.accountNumber),
  lookUp(deps, { param, query }) {
    const page = toPage(query.limit, query.cursor);
    return page.isCached ? userProfilesOfAccount(deps, param.accountNumber, page) : null;
  },
});

export const accounts = new Hono<AppEnv>()
  .get('/v1/accounts/default', getDefaultAccount, async (c) =>
    answerRow(c, await getCachedDefaultAccount(c.get('deps'), c.get('read'))),
  )
  .get('/v1/accounts/:accountNumber', getAccount, async (c) => {
    const account = await findAccount(c.get('deps'), c.req.valid('param').accountNumber, c.get('read'));
    return answerRow(c, account ?? unknownAccount());
  })
  .get('/v1/accounts/:accountNumber/admin-user', getAdminUser, async (c) => {
    const user = await findAdminUserForAccount(
      c.get('deps'),
      c.req.valid('param').accountNumber,
      c.get('read'),
    );
    return answerRow(c, user ?? noAdminUser());
  })
  .put('/v1/accounts/:accountNumber/admin-user', putAdminUser, async (c) => {
    const { accountNumber } = c.req.valid('param');
    const known = await findAdminUserForAccount(c.get('deps'), accountNumber, c.get('read'));
    if (known) return answerRow(c, known);
    const { user, created, token } = await createAdminUser(c.get('deps'), c.var, accountNumber);
    if (!created) return answerWritten(c, { value: user, token });
    return answerCreated(c, { value: user, token, isReplay: false }, `/v1/users/${user.id}`);
  })
  .get('/v1/accounts/:accountNumber/users', getUsers, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { accountNumber } = c.req.valid('param');
    const page = toPage(limit, cursor);
    const list = await listUsersForAccount(c.get('deps'), accountNumber, page, c.get('read'));
    return answerPage(c, nameOfUserList(accountNumber), page, list);
  })
  .get('/v1/accounts/:accountNumber/user-profiles', getUserProfiles, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { accountNumber } = c.req.valid('param');
    const page = toPage(limit, cursor);
    const list = await listUserProfilesForAccount(c.get('deps'), accountNumber, page, c.get('read'));
    return answerPage(c, nameOfProfileList(accountNumber), page, list);
  });

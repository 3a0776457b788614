import { Hono } from 'hono';
import * as z from 'zod';
import { unknownUserProfile } from '../../directory/absence.ts';
import { getCachedSmarterAdminUserProfile, platformAdmin } from '../../directory/accounts/admins.ts';
import {
  findUserProfile,
  listValidResourceOwners,
  nameOfOwnerList,
  userProfileById,
  validResourceOwners,
} from '../../directory/profiles/profiles.ts';
import { toPage } from '../../directory/page.ts';
import { UserProfile } from '../../directory/profiles/user-profile.ts';
import { answerPage, answerRow } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { UserProfileList } from './list-bodies.ts';
import { PageQuery } from '../request/list-parameters.ts';
import { UserProfileId } from '../request/parameters.ts';

const tag = 'User profiles';
const path = z.object({ userProfileId: UserProfileId });
const errors = ['user_profile_does_not_exist'] as const;

const getUserProfile = endpoint({
  tag,
  summary: 'A user profile by id',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'user-profile', ...param }),
  path,
  body: UserProfile,
  errors,
  lookUp: (deps, { param }) => userProfileById(deps, param.userProfileId),
});

const getValidResourceOwners = endpoint({
  tag,
  summary: "Who may own a user's resources",
  description: 'Every profile of the account that the profile belongs to, by id.',
  implements: 'valid_resource_owners_for_user',
  scope: 'directory:read',
  subject: ({ param }) => ({ kind: 'user-profile', ...param }),
  path,
  query: PageQuery,
  body: UserProfileList,
  errors,
  list: ({ param }) => nameOfOwnerList(param.userProfileId),
  lookUp(deps, { param, query }) {
    const page = toPage(query.limit, query.cursor);
    return page.isCached ? validResourceOwners(deps, param.userProfileId, page) : null;
  },
});

const getPlatformAdminProfile = endpoint({
  tag,
  summary: "The platform admin's profile",
  description: 'The lowest-id profile of the platform account whose user is superuser.',
  implements: 'get_cached_smarter_admin_user_profile',
  scope: 'directory:read',
  subject: () => ({ kind: 'platform-admin' }),
  body: UserProfile,
  errors: ['no_platform_admin'],
  lookUp: platformAdmin,
});

export const profiles = new Hono<AppEnv>()
  .get('/v1/user-profiles/:userProfileId', getUserProfile, async (c) => {
    const profile = await findUserProfile(c.get('deps'), c.req.valid('param').userProfileId, c.get('read'));
    return answerRow(c, profile ?? unknownUserProfile());
  })
  .get('/v1/user-profiles/:userProfileId/valid-resource-owners', getValidResourceOwners, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { userProfileId } = c.req.valid('param');
    const page = toPage(limit, cursor);
    const list = await listValidResourceOwners(c.get('deps'), userProfileId, page, c.get('read'));
    return answerPage(c, nameOfOwnerList(userProfileId), page, list);
  })
  .get('/v1/platform/admin-profile', getPlatformAdminProfile, async (c) =>
    answerRow(c, await getCachedSmarterAdminUserProfile(c.get('deps'), c.get('read'))),
  );

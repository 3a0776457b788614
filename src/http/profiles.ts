import { Hono } from 'hono';
import * as z from 'zod';
import { unknownUserProfile } from '../directory/absence.ts';
import { getCachedSmarterAdminUserProfile, platformAdmin } from '../directory/admins.ts';
import {
  findUserProfile,
  listValidResourceOwners,
  userProfileById,
  validResourceOwners,
} from '../directory/profiles.ts';
import { UserProfile } from '../directory/user-profile.ts';
import { answerPage, answerRow } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { endpoint } from './endpoint.ts';
import { UserProfileList } from './list.ts';
import { PageQuery, toPage, UserProfileId } from './parameters.ts';

const tag = 'User profiles';
const path = z.object({ userProfileId: UserProfileId });
const errors = ['user_profile_does_not_exist'] as const;

const getUserProfile = endpoint({
  tag,
  summary: 'A user profile by id',
  scope: 'directory:read',
  about: ({ param }) => ({ kind: 'user-profile', ...param }),
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
  about: ({ param }) => ({ kind: 'user-profile', ...param }),
  path,
  query: PageQuery,
  body: UserProfileList,
  errors,
  lookUp: (deps, { param, query }) => validResourceOwners(deps, param.userProfileId, toPage(query)),
});

const getPlatformAdminProfile = endpoint({
  tag,
  summary: "The platform admin's profile",
  description: 'The lowest-id profile of the platform account whose user is superuser.',
  implements: 'get_cached_smarter_admin_user_profile',
  scope: 'directory:read',
  about: () => ({ kind: 'platform-admin' }),
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
    const page = toPage(c.req.valid('query'));
    const { userProfileId } = c.req.valid('param');
    return answerPage(c, await listValidResourceOwners(c.get('deps'), userProfileId, page, c.get('read')));
  })
  .get('/v1/platform/admin-profile', getPlatformAdminProfile, async (c) =>
    answerRow(c, await getCachedSmarterAdminUserProfile(c.get('deps'), c.get('read'))),
  );

import { Hono } from 'hono/tiny';
import { platformAdmin } from '../../directory/accounts/admins.ts';
import { userProfileById, validResourceOwners } from '../../directory/profiles/profiles.ts';
import type { AppEnv } from '../app-env.ts';
import { UserProfileList } from './list-bodies.ts';
import { listRoute, lookUpRoute } from './look-up-routes.ts';

const tag = 'User profiles';

export const profiles = new Hono<AppEnv>()
  .get(
    '/v1/user-profiles/:userProfileId',
    ...lookUpRoute(userProfileById, { operationId: 'getUserProfile', tag, summary: 'A user profile by id' }),
  )
  .get(
    '/v1/user-profiles/:userProfileId/valid-resource-owners',
    ...listRoute(validResourceOwners, {
      operationId: 'listValidResourceOwners',
      tag,
      summary: "Who may own a user's resources",
      description: 'Every profile of the account that the profile belongs to, by id.',
      body: UserProfileList,
    }),
  )
  .get(
    '/v1/platform/admin-profile',
    ...lookUpRoute(platformAdmin, {
      operationId: 'getPlatformAdminProfile',
      tag,
      summary: "The platform admin's profile",
      description: 'The lowest-id profile of the platform account whose user is superuser.',
    }),
  );

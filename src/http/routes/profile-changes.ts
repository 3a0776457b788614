import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { Deletion } from '../../directory/deletion.ts';
import {
  changeUserProfile,
  createUserProfile,
  deleteUserProfile,
  NewUserProfile,
  UserProfileChanges,
} from '../../directory/profiles/changes.ts';
import { UserProfile } from '../../directory/profiles/user-profile.ts';
import { answerCreated, answerCounts, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { MERGE_PATCH_TYPES } from '../spec.ts';
import { DryRunQuery, ForceQuery, UserProfileId } from '../request/parameters.ts';

const tag = 'User profiles';
const scope = 'directory:write';
const path = z.object({ userProfileId: UserProfileId });

const postUserProfileRoute = endpoint({
  operationId: 'createUserProfile',
  tag,
  summary: 'Make a user a member of an account',
  description:
    'Callers that are bound to an account are refused, because they could draw users of other accounts into their sight; they can create users in their account. A user who is staff or superuser requires `rights:write`.',
  scope,
  subject: () => ({ kind: 'everything' }),
  json: NewUserProfile,
  body: UserProfile,
  creates: 'always',
  idempotent: true,
  writes: true,
  tagged: true,
  errors: ['account_does_not_exist', 'user_does_not_exist', 'user_profile_exists'],
});

const patchUserProfileRoute = endpoint({
  operationId: 'updateUserProfile',
  tag,
  summary: 'Change a user profile',
  description:
    'By JSON merge patch (RFC 7396). The user and the account that it joins never change; its entity tag changes with theirs.',
  scope,
  subject: ({ param }) => ({ kind: 'user-profile', ...param }),
  path,
  json: UserProfileChanges,
  jsonTypes: MERGE_PATCH_TYPES,
  body: UserProfile,
  precondition: 'always',
  writes: true,
  tagged: true,
  errors: ['user_profile_does_not_exist'],
});

const removeUserProfileRoute = endpoint({
  operationId: 'deleteUserProfile',
  tag,
  summary: 'End the membership of a user in an account',
  description:
    'The user stays. The membership of the last admin of the account cannot be ended. That of a user who is staff or superuser requires `rights:write`.',
  scope,
  subject: ({ param }) => ({ kind: 'user-profile', ...param }),
  path,
  query: DryRunQuery.extend(ForceQuery.shape),
  body: Deletion,
  precondition: 'unless-dry-run',
  writes: true,
  errors: ['user_profile_does_not_exist', 'last_admin_is_protected'],
});

export const profileChanges = new Hono<AppEnv>()
  .post('/v1/user-profiles', postUserProfileRoute, async (c) => {
    const { deps, idempotency } = c.var;
    const created = await createUserProfile(deps, c.var, c.req.valid('json'), idempotency);
    return answerCreated(c, created, `/v1/user-profiles/${created.value.id}`);
  })
  .patch('/v1/user-profiles/:userProfileId', patchUserProfileRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { userProfileId } = c.req.valid('param');
    const changes = c.req.valid('json');
    return answerWritten(c, await changeUserProfile(deps, c.var, userProfileId, changes, precondition));
  })
  .delete('/v1/user-profiles/:userProfileId', removeUserProfileRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { userProfileId } = c.req.valid('param');
    const { dryRun, force } = c.req.valid('query');
    const writer = { ...c.var, isForced: force };
    return answerCounts(c, await deleteUserProfile(deps, writer, userProfileId, precondition, dryRun));
  });

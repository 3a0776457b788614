import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { Deletion } from '../../directory/deletion.ts';
import { changeUser, deleteUser, UserChanges } from '../../directory/users/changes.ts';
import { createUser, NewUser, subjectOfNewUsers } from '../../directory/users/creation.ts';
import { User } from '../../directory/users/users.ts';
import { answerCreated, answerCounts, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { MERGE_PATCH_TYPES } from '../spec.ts';
import { DryRunQuery, ForceQuery, UserId } from '../request/parameters.ts';

const tag = 'Users';
const scope = 'directory:write';
const path = z.object({ userId: UserId });

const postUserRoute = endpoint({
  operationId: 'createUser',
  tag,
  summary: 'Create a user',
  description:
    'With `accountNumber` it also creates a profile of the user there, in one transaction. A caller that is bound to an account can create only members of it.',
  scope,
  subject: ({ json }) => subjectOfNewUsers([json]),
  json: NewUser,
  body: User,
  creates: 'always',
  idempotent: true,
  writes: true,
  tagged: true,
  errors: ['account_does_not_exist', 'external_id_taken', 'user_does_not_exist', 'username_taken'],
});

const patchUserRoute = endpoint({
  operationId: 'updateUser',
  tag,
  summary: 'Change a user',
  description:
    'By JSON merge patch (RFC 7396). Without `force` the last active admin of an account cannot be deactivated or demoted. A caller that is bound to an account can change only users who are members of no other account.',
  scope,
  subject: ({ param }) => ({ kind: 'user', ...param }),
  path,
  query: ForceQuery,
  json: UserChanges,
  jsonTypes: MERGE_PATCH_TYPES,
  body: User,
  precondition: 'always',
  writes: true,
  tagged: true,
  errors: ['user_does_not_exist', 'external_id_taken', 'username_taken', 'last_admin_is_protected'],
});

const removeUserRoute = endpoint({
  operationId: 'deleteUser',
  tag,
  summary: 'Delete a user and its user profiles',
  description:
    'Without `force` the last active admin of an account cannot be deleted. A caller that is bound to an account can delete only users who are members of no other account.',
  scope,
  subject: ({ param }) => ({ kind: 'user', ...param }),
  path,
  query: DryRunQuery.extend(ForceQuery.shape),
  body: Deletion,
  precondition: 'unless-dry-run',
  writes: true,
  errors: ['user_does_not_exist', 'last_admin_is_protected', 'too_many_accounts'],
});

export const userChanges = new Hono<AppEnv>()
  .post('/v1/users', postUserRoute, async (c) => {
    const { deps, idempotency } = c.var;
    const created = await createUser(deps, c.var, c.req.valid('json'), idempotency);
    return answerCreated(c, created, `/v1/users/${created.value.id}`);
  })
  .patch('/v1/users/:userId', patchUserRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { userId } = c.req.valid('param');
    const writer = { ...c.var, isForced: c.req.valid('query').force };
    return answerWritten(c, await changeUser(deps, writer, userId, c.req.valid('json'), precondition));
  })
  .delete('/v1/users/:userId', removeUserRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { userId } = c.req.valid('param');
    const { dryRun, force } = c.req.valid('query');
    const writer = { ...c.var, isForced: force };
    return answerCounts(c, await deleteUser(deps, writer, userId, precondition, dryRun));
  });

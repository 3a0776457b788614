import { Hono } from 'hono/tiny';
import * as z from 'zod';
import {
  AccountChanges,
  changeAccount,
  createAccount,
  deleteAccount,
  NewAccount,
  switchDefaultAccount,
} from '../../directory/accounts/changes.ts';
import { Account } from '../../directory/accounts/accounts.ts';
import { Deletion } from '../../directory/deletion.ts';
import { answerCreated, answerCounts, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { MERGE_PATCH_TYPES } from '../spec.ts';
import { AccountNumber, DryRunQuery } from '../request/parameters.ts';

const tag = 'Accounts';
const scope = 'directory:write';
const path = z.object({ accountNumber: AccountNumber });

const postAccountRoute = endpoint({
  operationId: 'createAccount',
  tag,
  summary: 'Create an account',
  description:
    'The new account is never the default one. `PUT /v1/accounts/default` switches the default account.',
  scope,
  subject: () => ({ kind: 'everything' }),
  json: NewAccount,
  body: Account,
  creates: 'always',
  idempotent: true,
  writes: true,
  tagged: true,
  errors: ['account_number_retired', 'account_number_taken', 'external_id_taken'],
});

const putDefaultAccountRoute = endpoint({
  operationId: 'setDefaultAccount',
  tag,
  summary: 'Make another account the default one',
  description: 'Both accounts change in one transaction.',
  scope,
  subject: () => ({ kind: 'everything' }),
  json: z.strictObject({ accountNumber: AccountNumber }).meta({ id: 'DefaultAccount' }),
  body: Account,
  writes: true,
  tagged: true,
  errors: ['account_does_not_exist'],
});

const patchAccountRoute = endpoint({
  operationId: 'updateAccount',
  tag,
  summary: 'Change an account',
  description: 'By JSON merge patch (RFC 7396). The number never changes.',
  scope,
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  json: AccountChanges,
  jsonTypes: MERGE_PATCH_TYPES,
  body: Account,
  precondition: 'always',
  writes: true,
  tagged: true,
  errors: ['account_does_not_exist', 'external_id_taken'],
});

const removeAccountRoute = endpoint({
  operationId: 'deleteAccount',
  tag,
  summary: 'Delete an account, its user profiles and its keys',
  description:
    'Its users stay. An account with more than 10,000 members answers 409 until user profiles are deleted. The platform account and the default account cannot be deleted. An account with members who are staff or superuser requires `rights:write`. A caller that is bound to the account cannot delete it.',
  scope,
  subject: ({ param }) => ({ kind: 'account', ...param }),
  path,
  query: DryRunQuery,
  body: Deletion,
  precondition: 'unless-dry-run',
  writes: true,
  errors: [
    'account_does_not_exist',
    'default_account_is_protected',
    'platform_account_is_protected',
    'too_many_keys',
    'too_many_members',
  ],
});

export const accountChanges = new Hono<AppEnv>()
  .post('/v1/accounts', postAccountRoute, async (c) => {
    const { deps, idempotency } = c.var;
    const created = await createAccount(deps, c.var, c.req.valid('json'), idempotency);
    return answerCreated(c, created, `/v1/accounts/${created.value.accountNumber}`);
  })
  .put('/v1/accounts/default', putDefaultAccountRoute, async (c) => {
    const { accountNumber } = c.req.valid('json');
    return answerWritten(c, await switchDefaultAccount(c.get('deps'), c.var, accountNumber));
  })
  .patch('/v1/accounts/:accountNumber', patchAccountRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { accountNumber } = c.req.valid('param');
    return answerWritten(
      c,
      await changeAccount(deps, c.var, accountNumber, c.req.valid('json'), precondition),
    );
  })
  .delete('/v1/accounts/:accountNumber', removeAccountRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { accountNumber } = c.req.valid('param');
    const { dryRun } = c.req.valid('query');
    return answerCounts(c, await deleteAccount(deps, c.var, accountNumber, precondition, dryRun));
  });

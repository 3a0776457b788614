import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import * as z from 'zod';
import {
  changeKey,
  createKey,
  IssuedKey,
  KeyChanges,
  KeyRotation,
  NewKey,
  rotateKey,
} from '../../directory/keys/changes.ts';
import { revokeKey, revokeKeys } from '../../directory/keys/revocations.ts';
import { Deletion } from '../../directory/deletion.ts';
import { ApiKey, getKey, listKeys } from '../../directory/keys/keys.ts';
import { cursorAfter, toPage } from '../../directory/page.ts';
import { sealCursor } from '../../cursor.ts';
import { etagOfRow } from '../response/answer.ts';
import { answerCreated, answerCounts, answerWritten } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { presentedKey } from '../auth/authenticate.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { MERGE_PATCH_TYPES } from '../spec.ts';
import { ApiKeyList } from './list-bodies.ts';
import { listParameters, sought } from '../request/list-parameters.ts';
import { flag, KeyId } from '../request/parameters.ts';
import { badRequest } from '../response/problem.ts';

const tag = 'API keys';
const scope = 'keys:write';
const path = z.object({ keyId: KeyId });
const subject = () => ({ kind: 'keys' }) as const;
const errors = ['key_does_not_exist'] as const;

const KeysQuery = z.object({
  ...listParameters,
  createdBy: sought('Creator of the keys, such as `key:12`.', 300),
});

function nameOf({ createdBy }: Pick<z.output<typeof KeysQuery>, 'createdBy'>): string {
  return createdBy === undefined ? 'keys' : `keys by ${createdBy}`;
}

const postKeyRoute = endpoint({
  operationId: 'createKey',
  tag,
  summary: 'Create an API key',
  description:
    'The answer contains the key, which is never shown again. The new key cannot have more rights than the key that creates it, and cannot outlive it. A request with the same `Idempotency-Key` and the same key in `Authorization` gets the same answer again.',
  scope,
  // A bound caller must not create a key that sees everything.
  subject: ({ json: { accountNumber } }) =>
    accountNumber === undefined ? { kind: 'everything' } : { kind: 'account', accountNumber },
  json: NewKey,
  body: IssuedKey,
  creates: 'always',
  idempotent: true,
  writes: true,
  tagged: true,
  errors: ['account_does_not_exist', 'too_many_keys'],
});

const getKeysRoute = endpoint({
  operationId: 'listKeys',
  tag,
  summary: 'API keys, by id',
  description: 'Includes revoked and expired keys. Read from Postgres, past the cache.',
  scope,
  subject,
  query: KeysQuery,
  list: ({ query }) => nameOf(query),
  body: ApiKeyList,
});

const getKeyByIdRoute = endpoint({
  operationId: 'getKey',
  tag,
  summary: 'An API key by id',
  description: 'Read from Postgres, past the cache.',
  scope,
  subject,
  path,
  body: ApiKey,
  tagged: true,
  errors,
});

const patchKeyRoute = endpoint({
  operationId: 'updateKey',
  tag,
  summary: 'Change an API key',
  description:
    'By JSON merge patch (RFC 7396). The account never changes. The key cannot have more rights than the key that changes it, neither before nor after.',
  scope,
  subject,
  path,
  json: KeyChanges,
  jsonTypes: MERGE_PATCH_TYPES,
  body: ApiKey,
  precondition: 'always',
  writes: true,
  tagged: true,
  errors,
});

const postRotationRoute = endpoint({
  operationId: 'rotateKey',
  tag,
  summary: 'Give an API key another secret',
  description:
    'The answer contains the new key, which is never shown again. The previous secret stays valid for the grace period, but cannot manage keys. A secret from an earlier rotation ends at once. The key cannot have more rights than the key that rotates it. For 24 hours, a request with the same `Idempotency-Key` and the same key in `Authorization` gets the same answer again; a key that rotates itself has ended that key.',
  scope,
  subject,
  path,
  json: KeyRotation,
  isBodyOptional: true,
  body: IssuedKey,
  idempotent: true,
  writes: true,
  tagged: true,
  errors: ['key_does_not_exist', 'key_is_revoked'],
});

const removeKeyRoute = endpoint({
  operationId: 'revokeKey',
  tag,
  summary: 'Revoke an API key',
  description:
    'Revocation is permanent and needs no `If-Match`, because a leaked key must not wait for a read. The rights of the key do not matter. The key stays listed, and revoking it again changes nothing. With one of the parameters the answer counts the keys that were revoked, or would be. A key may have at most 100,000 descendants, of which at most 10,000 are not revoked yet.',
  scope,
  subject,
  path,
  query: z.object({
    dryRun: flag('Say how many keys would be revoked, and revoke none.'),
    withDescendants: flag('Revoke the keys that the key made too, those that they made, and so on.'),
  }),
  body: z.union([ApiKey, Deletion]),
  writes: true,
  errors: ['key_does_not_exist', 'too_many_keys'],
});

export const keys = new Hono<AppEnv>()
  .post('/v1/keys', postKeyRoute, async (c) => {
    const created = await createKey(c.get('deps'), c.var, c.req.valid('json'), repeatableIssue(c));
    return unstored(answerCreated(c, created, `/v1/keys/${created.value.id}`));
  })
  .get('/v1/keys', getKeysRoute, async (c) => {
    const { deps, caller } = c.var;
    const { limit, cursor, createdBy } = c.req.valid('query');
    const page = toPage(limit, cursor);
    const listed = await listKeys(deps, caller, createdBy, page);
    const next = cursorAfter(page, listed);
    const nextCursor = next && (await sealCursor(c.env, nameOf({ createdBy }), next));
    return unstored(c.json({ items: [...listed.items], nextCursor }, 200));
  })
  .get('/v1/keys/:keyId', getKeyByIdRoute, async (c) => {
    const key = await getKey(c.get('deps'), c.get('caller'), c.req.valid('param').keyId);
    // The tag is for `If-Match` only. A 304 could hide a later use of the key, which changes no tag.
    c.header('ETag', etagOfRow(key));
    return unstored(c.json(key, 200));
  })
  .patch('/v1/keys/:keyId', patchKeyRoute, async (c) => {
    const { deps, precondition } = c.var;
    const { keyId } = c.req.valid('param');
    return unstored(answerWritten(c, await changeKey(deps, c.var, keyId, c.req.valid('json'), precondition)));
  })
  .post('/v1/keys/:keyId/rotate', postRotationRoute, async (c) => {
    const { keyId } = c.req.valid('param');
    const rotated = await rotateKey(c.get('deps'), c.var, keyId, c.req.valid('json'), repeatableIssue(c));
    return unstored(answerWritten(c, rotated));
  })
  .delete('/v1/keys/:keyId', removeKeyRoute, async (c) => {
    const { keyId } = c.req.valid('param');
    const { dryRun, withDescendants } = c.req.valid('query');
    const isCounted = dryRun || withDescendants;
    return isCounted
      ? answerCounts(c, await revokeKeys(c.get('deps'), c.var, keyId, { dryRun, withDescendants }))
      : unstored(answerWritten(c, await revokeKey(c.get('deps'), c.var, keyId)));
  });

function repeatableIssue(c: Context<AppEnv>) {
  const { idempotency } = c.var;
  if (!idempotency) return undefined;
  const makersKey = presentedKey(c.req);
  if (makersKey !== undefined) return { idempotency, makersKey };
  const detail = 'requires a key in Authorization, because the new secret is derived from it';
  throw badRequest([{ in: 'header', name: 'Idempotency-Key', detail }]);
}

// The body may contain a secret, and its entity tag does not change with `lastUsedAt`.
function unstored<R extends Response>(response: R): R {
  response.headers.set('Cache-Control', 'no-store');
  return response;
}

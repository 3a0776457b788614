import type { EntityLookUp } from '../../../src/directory/batch/entity-look-ups.ts';
import { KEY, send, type TestStack } from '../stack.ts';

/** Asks the look-ups in one request, with the root key unless the headers bring another one. */
export function postLookUps(
  stack: TestStack,
  lookUps: readonly object[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return send(stack, '/v1/lookup', {
    method: 'POST',
    body: JSON.stringify({ lookUps }),
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json', ...headers },
  });
}

/** The route that makes one look-up of the kind alone. */
export const ROUTE_OF_KIND: { readonly [K in EntityLookUp['lookUp']]: string } = {
  user: 'GET /v1/users/:userId',
  userByUsername: 'GET /v1/users/by-username/:username',
  userByExternalId: 'GET /v1/users/by-external-id/:externalId',
  accountByExternalId: 'GET /v1/accounts/by-external-id/:externalId',
  account: 'GET /v1/accounts/:accountNumber',
  defaultAccount: 'GET /v1/accounts/default',
  accountForUser: 'GET /v1/users/:userId/account',
  userProfile: 'GET /v1/user-profiles/:userProfileId',
  platformAdminProfile: 'GET /v1/platform/admin-profile',
  adminUser: 'GET /v1/accounts/:accountNumber/admin-user',
};

/** What became of one look-up of an answer. */
export interface Result {
  readonly status: number;
  readonly value?: { readonly id: number } & Readonly<Record<string, unknown>>;
  readonly etag?: string;
  readonly problem?: Readonly<Record<string, unknown>>;
  readonly cacheStatus?: string;
}

/** The results of an answer that is one of the whole; throws when it is not. */
export async function resultsOf(response: Response): Promise<readonly Result[]> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  const { results }: { results: readonly Result[] } = JSON.parse(text);
  return results;
}

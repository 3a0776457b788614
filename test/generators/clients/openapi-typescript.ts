import createClient from 'openapi-fetch';
import type { Answers, Caller } from './expectations';
import type { paths } from './generated/openapi-typescript';

export async function callApi({ baseUrl, key }: Caller): Promise<Answers> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
  const found = await client.GET('/v1/users/{userId}', { params: { path: { userId: 3 } } });
  const absent = await client.GET('/v1/users/{userId}', { params: { path: { userId: 999 } } });
  const listed = await client.GET('/v1/accounts/{accountNumber}/users', {
    params: { path: { accountNumber: '1234-5678-9012' }, query: { limit: 2 } },
  });
  const created = await client.POST('/v1/accounts', { body: { companyName: 'Made by a client' } });
  const changed = await client.PATCH('/v1/accounts/{accountNumber}', {
    params: {
      path: { accountNumber: created.data?.accountNumber ?? '' },
      header: { 'If-Match': created.response.headers.get('ETag') ?? '' },
    },
    body: { companyName: 'Changed by a client' },
  });
  return {
    username: found.data?.username,
    absent: absent.error?.code,
    listed: (listed.data?.items ?? []).map(({ username }) => username),
    changed: changed.data?.companyName,
  };
}

type Absent =
  paths['/v1/users/{userId}']['get']['responses'][404]['content']['application/problem+json']['code'];
/** The document admits no other code for this status of this operation. */
export const code: Absent = 'user_does_not_exist';
// @ts-expect-error: it is a code of another operation.
export const other: Absent = 'no_platform_admin';

import type { Answers, Caller } from './expectations';
import { createAccount, getUser, listAccountUsers, updateAccount } from './generated/hey-api';
import { createClient } from './generated/hey-api/client';
import type { GetUserErrors } from './generated/hey-api/types.gen';

export async function callApi({ baseUrl, key }: Caller): Promise<Answers> {
  const client = createClient({ baseUrl, auth: key });
  const found = await getUser({ client, path: { userId: 3 } });
  const absent = await getUser({ client, path: { userId: 999 } });
  const listed = await listAccountUsers({
    client,
    path: { accountNumber: '1234-5678-9012' },
    query: { limit: 2 },
  });
  const created = await createAccount({ client, body: { companyName: 'Made by a client' } });
  const changed = await updateAccount({
    client,
    path: { accountNumber: created.data?.accountNumber ?? '' },
    headers: { 'If-Match': created.response?.headers.get('ETag') ?? '' },
    body: { companyName: 'Changed by a client' },
  });
  return {
    username: found.data?.username,
    absent: absent.error?.code,
    listed: (listed.data?.items ?? []).map(({ username }) => username),
    changed: changed.data?.companyName,
  };
}

/** The document admits no other code for this status of this operation. */
export const code: GetUserErrors[404]['code'] = 'user_does_not_exist';
// @ts-expect-error: it is a code of another operation.
export const other: GetUserErrors[404]['code'] = 'no_platform_admin';

import type { InferResponseType } from 'hono/client';
import { type Answer, answerOf } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import type { Client } from '../../src/client/client.ts';
import { usageFailure } from '../failure.ts';
import type { Column } from '../output/table.ts';

/** A key as the service shows it, without its secret. */
export type ApiKey = InferResponseType<Client['v1']['keys'][':keyId']['$get'], 200>;

/** The description of an argument that names a key. */
export const KEY = 'Its id.';

/** The parameter of the routes of one key; throws a failure for a text that is no id, such as the key itself. */
export function keyParam(id: string): { keyId: string } {
  if (!/^[1-9]\d*$/.test(id)) throw usageFailure('A key is named by its id, which `keys list` shows.');
  return { keyId: id };
}

export function readKey({ client }: Session, id: string): Promise<Answer<ApiKey>> {
  return answerOf(client.v1.keys[':keyId'].$get({ param: keyParam(id) }));
}

export const keyColumns: readonly Column<ApiKey>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'name', of: ({ name }) => name },
  { title: 'state', of: stateOf },
  { title: 'account', of: ({ accountNumber }) => accountNumber ?? 'all' },
  { title: 'scopes', of: ({ scopes }) => scopes },
  { title: 'expires', of: ({ expiresAt }) => expiresAt?.slice(0, 10) ?? 'never' },
];

function stateOf({ revokedAt, lastUsedAt }: ApiKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt.slice(0, 10)}`;
  return lastUsedAt === null ? 'never used' : `used ${lastUsedAt.slice(0, 10)}`;
}

/** A key on one line. */
export function titleOfKey({ id, name }: Pick<ApiKey, 'id' | 'name'>): string {
  return `key ${id} "${name}"`;
}

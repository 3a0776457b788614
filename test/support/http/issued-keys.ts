import type { Scope } from '../../../src/directory/caller.ts';
import type { TestStack } from '../stack.ts';
import { create, jsonOf } from './changes.ts';

/** A key as its creation or rotation answered it. */
export interface Issued {
  readonly id: number;
  readonly key: string;
  readonly etag: string;
}

/** What a request with the key has for headers. */
export function withKey({ key }: Pick<Issued, 'key'>): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

/** Creates a key with the root key, or another; it may read and no more, unless the body says so. */
export async function issueKey(stack: TestStack, body: object = {}, headers = {}): Promise<Issued> {
  const scopes: Scope[] = ['directory:read'];
  return issuedOf(await create(stack, '/v1/keys', { name: 'Of a test', scopes, ...body }, headers));
}

export async function issuedOf(response: Response): Promise<Issued> {
  const { id, key } = await jsonOf(response);
  return { id: Number(id), key: String(key), etag: response.headers.get('ETag') ?? '' };
}

import { LOCAL_KEY } from '../../local/stack.ts';

/** The header of the bootstrap key. */
export const AS_ROOT = { Authorization: `Bearer ${LOCAL_KEY}` };

/** The header of a new key of the product, which may read and is bound to no account. */
export async function issueReader(url: string): Promise<{ Authorization: string }> {
  const response = await fetch(`${url}/v1/keys`, {
    method: 'POST',
    headers: { ...AS_ROOT, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['directory:read'] }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`no key was issued: ${text}`);
  // The API documents this shape.
  return { Authorization: `Bearer ${(JSON.parse(text) as { key: string }).key}` };
}

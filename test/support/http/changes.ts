import { KEY, send, type TestStack } from '../stack.ts';

type Headers = Readonly<Record<string, string>>;

/** Sends a change as JSON, or a deletion without a body, with the root key unless another is given. */
export function change(
  stack: TestStack,
  method: string,
  path: string,
  body?: unknown,
  headers: Headers = {},
) {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  return send(stack, path, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, ...type, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Sends a creation. */
export function create(stack: TestStack, path: string, body: unknown, headers: Headers = {}) {
  return change(stack, 'POST', path, body, headers);
}

/** The object of an answer that succeeded; throws when it did not. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

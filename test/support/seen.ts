import { expect } from 'vitest';
import { countRequests, get, type TestStack } from './stack.ts';

/** What a look-up answers, as tests compare it. */
export interface Seen {
  readonly status: number;
  readonly body: unknown;
}

export async function see(on: TestStack, path: string, headers: Record<string, string> = {}): Promise<Seen> {
  const response = await get(on, path, headers);
  return { status: response.status, body: await response.json() };
}

export function found(body: object): Seen {
  return { status: 200, body: expect.objectContaining(body) };
}

export function absent(code: string): Seen {
  return { status: 404, body: expect.objectContaining({ code }) };
}

export function listed(...ids: readonly number[]): Seen {
  return found({ items: ids.map((id): unknown => expect.objectContaining({ id })) });
}

/** Expects an answer that costs Postgres so many requests. */
export async function expectLoads(
  stack: TestStack,
  postgres: number,
  act: () => Promise<Seen>,
  expected: Seen,
): Promise<void> {
  const counts = await countRequests(stack, async () => expect(await act()).toEqual(expected));
  expect(counts.postgres).toBe(postgres);
}

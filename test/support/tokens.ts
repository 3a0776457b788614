import { drainNow, get, newIsolate, sql, type TestStack } from './stack.ts';

const NUMBER = '2718-2818-2845';

/** The token of a write that happens now: an account is without its admin, and gets it. Others are not concerned. */
export async function makeToken(stack: TestStack): Promise<string> {
  await sql(stack, 'delete from users where id in (select user_id from user_profiles where account_id = 3)');
  await drainNow(stack);
  const { headers } = await get(newIsolate(stack), `/v1/accounts/${NUMBER}/admin-user`, {}, 'PUT');
  return headers.get('Consistency-Token') ?? '';
}

export function withToken(token: string): Record<string, string> {
  return { 'Consistency-Token': token };
}

async function makeTokenAhead(stack: TestStack): Promise<string> {
  const [epoch = '', n = ''] = (await makeToken(stack)).split(':');
  return `${epoch}:${Number(n) + 1e12}`;
}

/** Tokens that nothing stored or under way at that time can satisfy. */
export const unmetTokens: readonly { kind: string; make: (stack: TestStack) => Promise<string> }[] = [
  { kind: 'of a write that came later', make: makeToken },
  { kind: 'of another epoch', make: async () => `${'f'.repeat(16)}:1` },
  { kind: 'ahead of the clock', make: makeTokenAhead },
  { kind: 'of an invalidation that failed', make: async () => `pg:${Date.now()}` },
];

import { createExecutionContext } from 'cloudflare:test';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { app } from '../../../src/http/app.ts';
import { Problem } from '../../../src/http/response/problem.ts';
import { KEY, newIsolate, send, sql, useStack } from '../../support/stack.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { initOf, nameOf, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);

const TABLES = ['accounts', 'users', 'user_profiles', 'api_keys', 'audit_log', 'idempotency_keys'];
/** What Postgres says of a statement, what the statement says, and where our code stands. */
const INSIDE =
  /relation|"?user_profiles|api_keys|select |insert |update |delete |\bfrom "|42P01|\.ts:|\$1|ea_/i;

async function rename(from: string, to: string): Promise<void> {
  for (const table of TABLES) await sql(stack.current, `alter table ${table}${from} rename to ${table}${to}`);
}

describe('an error of Postgres', () => {
  beforeAll(() => rename('', '_away'));
  afterAll(() => rename('_away', ''));

  const asking = routes.filter(({ spec }) => spec.scope !== 'open');
  test.each(asking.map((route) => ({ route, name: nameOf(route) })))(
    'is not quoted by $name',
    async ({ route }) => {
      const headers = { Authorization: `Bearer ${KEY}`, 'Cache-Control': 'no-cache' };
      const response = await send(newIsolate(stack.current), pathOf(route), initOf(route, headers));
      const text = await response.text();
      // The path in an explanation and the outcomes of a batch repeat what was asked.
      if (response.status >= 400) expect(Problem.parse(JSON.parse(text)).status).toBeGreaterThanOrEqual(500);
      expect(text).not.toMatch(INSIDE);
    },
  );
});

test('what no code of ours expects is not quoted', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => logged.mockRestore());
  const key = await issueKey(stack.current);
  const ctx = Object.assign(createExecutionContext(), {
    waitUntil() {
      throw new Error('select "secret" from users', { cause: new Error('ea_local_root') });
    },
  });
  const request = new Request('http://127.0.0.1:8787/v1/users/3', { headers: withKey(key) });
  const response = await app.fetch(request, newIsolate(stack.current).env, ctx);
  const text = await response.text();
  expect(Problem.parse(JSON.parse(text)).code).toBe('internal_error');
  expect(text).not.toMatch(INSIDE);
});

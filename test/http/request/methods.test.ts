import { describe, expect, test } from 'vitest';
import { get, KEY, send, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import type { Route } from '../../../src/http/endpoint/registry.ts';
import { pathOf, routes } from '../../support/http/routes.ts';

const stack = useStack();
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const byPath = Map.groupBy(routes, ({ path }) => path);

const methodsOf = ({ method }: Route): string[] => (method === 'GET' ? ['GET', 'HEAD'] : [method]);

// `/v1/accounts/default` matches the pattern of an account too, where `default` is no number.
const matches = (path: string, { path: pattern }: Route): boolean =>
  new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path);

describe.each([...byPath].map(([path, ofPath]) => ({ path, ofPath })))('$path', ({ ofPath }) => {
  const [route] = ofPath;
  const allowed = ofPath.flatMap(methodsOf);
  const path = route ? pathOf(route) : '';

  test.each(
    METHODS.filter(
      (method) =>
        !allowed.includes(method) &&
        !routes.some((one) => methodsOf(one).includes(method) && matches(path, one)),
    ),
  )('%s is 405, and Allow says what is', async (method) => {
    const response = await get(stack.current, path, {}, method);
    expect(response.status).toBe(405);
    // The answer to a HEAD has no body.
    if (method !== 'HEAD') await expectProblem(response, 'method_not_allowed');
    expect(response.headers.get('Allow')).toBe(allowed.join(', '));
  });
});

test('a method that is not allowed is 405 without a key and with a body too', async () => {
  const response = await send(stack.current, '/v1/users/3', { method: 'POST', body: '{}' });
  await expectProblem(response, 'method_not_allowed');
});

describe('a method inside a request', () => {
  const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];

  test.each(names)('by %s does not count', async (name) => {
    const user = await get(stack.current, '/v1/users/3', { [name]: 'DELETE' });
    expect(user.status).toBe(200);
    const posted = await get(stack.current, '/v1/users/3?dryRun=true', { [name]: 'DELETE' }, 'POST');
    await expectProblem(posted, 'method_not_allowed');
  });

  test('by a parameter or a field of a form does not count', async () => {
    const asked = await get(stack.current, '/v1/users/3?dryRun=true&_method=DELETE', {}, 'POST');
    await expectProblem(asked, 'method_not_allowed');
    const headers = { Authorization: `Bearer ${KEY}` };
    const body = new URLSearchParams({ _method: 'DELETE' });
    const sent = await send(stack.current, '/v1/users/3?dryRun=true', { method: 'POST', headers, body });
    await expectProblem(sent, 'method_not_allowed');
  });
});

test.each([
  '/',
  '/v1',
  '/v1/',
  '/v2/users/3',
  '/v1/users/',
  '/v1/users/3/',
  '/v1/users//account',
  '/V1/users/3',
  '/v1/users/3/account-numbers',
  '/v1/users/by-username/',
  '/v1/users/by-username/a/b',
  '/v1/accounts//users',
  '/healthz/x',
  '/favicon.ico',
  `/${'x'.repeat(10_000)}`,
])('%s is 404 not_found, whatever the method', async (path) => {
  for (const method of METHODS.filter((one) => one !== 'HEAD')) {
    await expectProblem(await get(stack.current, path, {}, method), 'not_found');
  }
});

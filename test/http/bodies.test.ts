import { createExecutionContext } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { app } from '../../src/http/app.ts';
import { KEY, useStack } from '../stack.ts';
import { expectProblem } from './problem.ts';

const stack = useStack();

function put(body: BodyInit | null, headers: Record<string, string> = {}) {
  const url = 'http://127.0.0.1:8787/v1/accounts/3141-5926-5359/admin-user';
  const request = new Request(url, {
    method: 'PUT',
    body,
    headers: { Authorization: `Bearer ${KEY}`, ...headers },
  });
  return app.fetch(request, stack.current.env, createExecutionContext());
}

function streamOf(...chunks: string[]): ReadableStream {
  return new Blob(chunks).stream();
}

test.each([
  ['none', () => put(null)],
  ['an empty string', () => put('')],
  ['an empty one of known length', () => put(null, { 'Content-Length': '0' })],
  ['an empty stream', () => put(streamOf())],
])('a PUT whose body is %s is answered', async (_what, ask) => {
  expect((await ask()).status).toBe(200);
});

test.each([
  ['text', () => put('{}')],
  ['a stream', () => put(streamOf('', 'x'))],
])('a PUT whose body is %s is 400', async (_what, ask) => {
  const { errors } = await expectProblem(await ask(), 'bad_request');
  expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'this request takes no body' }]);
});

import { createExecutionContext } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { app } from '../../../src/http/app.ts';
import { KEY, send, useStack } from '../../support/stack.ts';
import { create, jsonOf } from '../../support/http/changes.ts';
import { issueKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';

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

test.each(['gzip', 'br', 'x', 'identity, gzip'])('a body of Content-Encoding %s is 415', async (encoding) => {
  const response = await create(stack.current, '/v1/accounts', {}, { 'Content-Encoding': encoding });
  await expectProblem(response, 'unsupported_media_type');
  expect(response.headers.get('Accept-Encoding')).toBe('identity');
});

test.each(['', 'identity', 'Identity'])('a body of Content-Encoding "%s" is read', async (encoding) => {
  const body = { companyName: 'Encoded as it is' };
  const response = await create(stack.current, '/v1/accounts', body, { 'Content-Encoding': encoding });
  expect(response.status).toBe(201);
});

const remove = (body: BodyInit, headers: Record<string, string> = {}) =>
  send(stack.current, '/v1/users/3?dryRun=true', {
    method: 'DELETE',
    body,
    headers: { Authorization: `Bearer ${KEY}`, ...headers },
  });

test.each([
  ['of text', '{}'],
  ['with a type', '{}', { 'Content-Type': 'application/json' }],
  ['with white space', ' { \n}\n'],
  ['in chunks', streamOf('{', '}')],
  ['empty', ''],
])('a DELETE with an empty object %s is done', async (_what, body, headers: Record<string, string> = {}) => {
  expect((await remove(body, headers)).status).toBe(200);
});

test.each([
  ['an array', '[]'],
  ['members', '{"a":1}'],
  ['two objects', '{}{}'],
  ['much white space', `{${' '.repeat(1_000)}}`],
  ['an encoding', '{}', { 'Content-Encoding': 'gzip' }],
])('a DELETE whose body has %s is 400', async (_what, body, headers: Record<string, string> = {}) => {
  await expectProblem(await remove(body, headers), 'bad_request');
});

test.each([
  ['no type', {}],
  ['a type', { 'Content-Type': 'application/json' }],
])('a rotation without a body and with %s has the default grace period', async (_what, headers) => {
  const { id } = await issueKey(stack.current);
  const response = await send(stack.current, `/v1/keys/${id}/rotate`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, ...headers },
  });
  expect(await jsonOf(response)).toMatchObject({ id, previousValidUntil: expect.any(String) });
});

test('a rotation with a body of another type is 415', async () => {
  const { id } = await issueKey(stack.current);
  const init = { method: 'POST', body: '{}', headers: { Authorization: `Bearer ${KEY}` } };
  await expectProblem(await send(stack.current, `/v1/keys/${id}/rotate`, init), 'unsupported_media_type');
});

test.each([
  ['text', () => put('{}')],
  ['a stream', () => put(streamOf('', 'x'))],
])('a PUT whose body is %s is 400', async (_what, ask) => {
  const { errors } = await expectProblem(await ask(), 'bad_request');
  expect(errors).toEqual([{ in: 'body', name: 'body', detail: 'this request takes no body' }]);
});

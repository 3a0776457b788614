import { NeonDbError } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, test } from 'vitest';
import { isPostgresAway } from '../../src/db/away.ts';

const failed = (cause: Error, more: object = {}) =>
  new DrizzleQueryError('select', [], Object.assign(cause, more));

test.each([
  ['a connection that fails', failed(new NeonDbError('Error connecting to database'))],
  ['an answer that is cut off', failed(new SyntaxError('Unexpected end of JSON input'))],
  ['a status that is none of Postgres', failed(new NeonDbError('Server error (HTTP status 429)'))],
  ['too many connections', failed(new NeonDbError('sorry'), { code: '53300' })],
  ['a server that shuts down', failed(new NeonDbError('sorry'), { code: '57P01' })],
  ['a role that may not log in', failed(new NeonDbError('sorry'), { code: '28000' })],
])('%s is an outage', (_what, error) => {
  expect(isPostgresAway(error)).toBe(true);
});

test.each([
  ['a statement that is refused', failed(new NeonDbError('sorry'), { code: '42P01' })],
  ['a statement that takes too long', failed(new NeonDbError('sorry'), { code: '57014' })],
  ['a division by zero', failed(new NeonDbError('sorry'), { code: '22012' })],
  ['a row that cannot be read', new TypeError('row.dateJoined.toISOString is not a function')],
])('%s is none', (_what, error) => {
  expect(isPostgresAway(error)).toBe(false);
});

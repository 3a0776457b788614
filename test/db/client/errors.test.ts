import { DrizzleQueryError } from 'drizzle-orm/errors';
import { expect, test } from 'vitest';
import { isUnavailable } from '../../../src/db/client/errors.ts';
import { makeNeonError } from '../../support/clients.ts';

const failed = (cause: Error) => new DrizzleQueryError('select', [], cause);
const refused = (code: string) => failed(makeNeonError('sorry', code));

test.each([
  ['a connection that fails', failed(makeNeonError('Postgres could not be reached'))],
  ['a batch that fails', makeNeonError('Postgres could not be reached')],
  ['a status that is none of Postgres', failed(makeNeonError('Neon answered with status 429'))],
  ['too many connections', refused('53300')],
  ['a server that shuts down', refused('57P01')],
  ['a role that may not log in', refused('28000')],
])('%s is an outage', (_what, error) => {
  expect(isUnavailable(error)).toBe(true);
});

test.each([
  ['a statement that is refused', refused('42P01')],
  ['a statement that takes too long', refused('57014')],
  ['a division by zero', refused('22012')],
  ['a batch that is refused', makeNeonError('sorry', '22012')],
  ['a row that cannot be read', new TypeError('row.dateJoined.toISOString is not a function')],
])('%s is none', (_what, error) => {
  expect(isUnavailable(error)).toBe(false);
});

import { Hono } from 'hono';
import * as z from 'zod';
import { listAccounts, listUsers } from '../directory/lists.ts';
import { answerList } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { endpoint } from './endpoint.ts';
import { AccountList, UserList } from './list.ts';
import type { Cursor } from './list-cursor.ts';
import { listParameters, sought, withOwnCursor, withRule } from './list-parameters.ts';

type UserPage = Parameters<typeof listUsers>[1];
type AccountPage = Parameters<typeof listAccounts>[1];

const isActive = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true')
  .optional()
  .meta({
    description: 'Only the active ones, or only the others.',
    override: ({ jsonSchema }) => {
      Object.assign(jsonSchema, { type: 'boolean', enum: undefined });
    },
  });

const begins = (what: string, maxLength: number) =>
  sought(`Only those whose ${what} begins so, in the order of its UTF-8 bytes; case matters.`, maxLength, 0);

const AnyUserQuery = z.object({
  ...listParameters,
  isActive,
  usernamePrefix: begins('username', 150),
  emailPrefix: begins('e-mail address', 254),
});
type AnyUserQuery = z.output<typeof AnyUserQuery>;

const prefixes = ['usernamePrefix', 'emailPrefix'] as const;
const UserQuery = withOwnCursor(
  withRule(AnyUserQuery, {
    concerns: prefixes,
    holds: ({ usernamePrefix, emailPrefix }) => usernamePrefix === undefined || emailPrefix === undefined,
    names: prefixes,
    detail: `${prefixes.join(' and ')} exclude each other`,
  }),
  ['isActive', ...prefixes],
  (cursor, query) => isCursorOf('users', toUserPage(query), cursor),
);

const AnyAccountQuery = z.object({
  ...listParameters,
  isActive,
  companyNamePrefix: begins('company name', 255),
});
const AccountQuery = withOwnCursor(AnyAccountQuery, ['isActive', 'companyNamePrefix'], (cursor, query) =>
  isCursorOf('accounts', toAccountPage(query), cursor),
);

function toUserPage(query: AnyUserQuery): UserPage {
  const { usernamePrefix, emailPrefix } = query;
  if (usernamePrefix !== undefined) return toPage(query, { field: 'username', text: usernamePrefix });
  return toPage(query, emailPrefix === undefined ? null : { field: 'email', text: emailPrefix });
}

function toAccountPage(query: z.output<typeof AnyAccountQuery>): AccountPage {
  const { companyNamePrefix: text } = query;
  return toPage(query, text === undefined ? null : { field: 'companyName', text });
}

function toPage<P>(query: Pick<AnyUserQuery, 'isActive' | 'cursor' | 'limit'>, prefix: P) {
  return { limit: query.limit, after: query.cursor ?? null, isActive: query.isActive ?? null, prefix };
}

/** Names the list with its filters. The text of a prefix is in every key that has it. */
function nameOf(list: string, { isActive: half, prefix }: UserPage | AccountPage): string {
  const order = prefix ? `${prefix.field}+${prefix.text.length}` : 'id';
  return `${list} ${order} ${half ?? 'any'}`;
}

function isCursorOf(list: string, page: UserPage | AccountPage, cursor: Cursor): boolean {
  const { prefix } = page;
  const isOfOrder = prefix ? cursor.key?.startsWith(prefix.text) === true : cursor.key === null;
  return isOfOrder && cursor.list === nameOf(list, page);
}

const everybody = {
  scope: 'directory:read',
  about: () => ({ kind: 'everything' as const }),
  uncached: true,
} as const;

const getUsers = endpoint({
  ...everybody,
  tag: 'Users',
  summary: 'All users, by id, or those whose username or e-mail address begins so',
  description:
    'Postgres answers, as fresh as any `Consistency-Token` asks. Not for callers that are bound to an account: `GET /v1/accounts/{accountNumber}/users` has its users.',
  query: UserQuery,
  body: UserList,
});

const getAccounts = endpoint({
  ...everybody,
  tag: 'Accounts',
  summary: 'All accounts, by id, or those whose company name begins so',
  description:
    'Postgres answers, as fresh as any `Consistency-Token` asks. Not for callers that are bound to an account: `GET /v1/accounts/{accountNumber}` has theirs.',
  query: AccountQuery,
  body: AccountList,
});

export const directoryLists = new Hono<AppEnv>()
  .get('/v1/users', getUsers, async (c) => {
    const page = toUserPage(c.req.valid('query'));
    return answerList(c, nameOf('users', page), await listUsers(c.get('deps'), page, c.get('read')));
  })
  .get('/v1/accounts', getAccounts, async (c) => {
    const page = toAccountPage(c.req.valid('query'));
    return answerList(c, nameOf('accounts', page), await listAccounts(c.get('deps'), page, c.get('read')));
  });

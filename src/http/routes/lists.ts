import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { listAccounts, listUsers } from '../../directory/lists.ts';
import { answerList } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { AccountList, UserList } from './list-bodies.ts';
import { listParameters, sought, withRule } from '../request/list-parameters.ts';

type UserPage = Parameters<typeof listUsers>[1];
type AccountPage = Parameters<typeof listAccounts>[1];

const isActive = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true')
  .optional()
  .meta({
    param: { description: 'Only the active ones, or only the others.' },
    override: ({ jsonSchema }) => {
      Object.assign(jsonSchema, { type: 'boolean', enum: undefined });
    },
  });

const begins = (what: string, maxLength: number) =>
  sought(
    `Only those whose ${what} begins so, in its order, without regard to case and accents.`,
    maxLength,
    0,
  );

const AnyUserQuery = z.object({
  ...listParameters,
  isActive,
  usernamePrefix: begins('username', 150),
  emailPrefix: begins('e-mail address', 254),
  email: sought('Only those with this e-mail address, in any case.', 254),
});
type AnyUserQuery = z.output<typeof AnyUserQuery>;

const prefixes = ['usernamePrefix', 'emailPrefix', 'email'] as const;
const UserQuery = withRule(AnyUserQuery, {
  concerns: prefixes,
  holds: (query) => prefixes.filter((name) => query[name] !== undefined).length <= 1,
  names: prefixes,
  detail: `${prefixes.join(', ')} exclude each other`,
});

const AccountQuery = z.object({
  ...listParameters,
  isActive,
  companyNamePrefix: begins('company name', 255),
});

function toUserPage(query: AnyUserQuery): UserPage {
  const { usernamePrefix, emailPrefix, email } = query;
  if (usernamePrefix !== undefined) return toPage(query, { field: 'username', text: usernamePrefix });
  if (email !== undefined) return toPage(query, { field: 'email', text: email, isWhole: true });
  return toPage(query, emailPrefix === undefined ? null : { field: 'email', text: emailPrefix });
}

function toAccountPage(query: z.output<typeof AccountQuery>): AccountPage {
  const { companyNamePrefix: text } = query;
  return toPage(query, text === undefined ? null : { field: 'companyName', text });
}

function toPage<P>(query: Pick<AnyUserQuery, 'isActive' | 'cursor' | 'limit'>, prefix: P) {
  return { limit: query.limit, after: query.cursor ?? null, isActive: query.isActive ?? null, prefix };
}

/** Names the list with its filters. */
function nameOf(list: string, { isActive: half, prefix }: UserPage | AccountPage): string {
  return JSON.stringify([
    list,
    half,
    prefix && [prefix.field, prefix.text, ...(prefix.isWhole ? ['whole'] : [])],
  ]);
}

const everybody = {
  scope: 'directory:read',
  subject: () => ({ kind: 'everything' as const }),
  uncached: true,
} as const;

const getUsers = endpoint({
  operationId: 'listUsers',
  ...everybody,
  tag: 'Users',
  summary: 'All users, by id, or those whose username or e-mail address begins so',
  description:
    'Postgres answers, as fresh as any `Consistency-Token` asks. Not for callers that are bound to an account: `GET /v1/accounts/{accountNumber}/users` has its users.',
  query: UserQuery,
  list: ({ query }) => nameOf('users', toUserPage(query)),
  body: UserList,
});

const getAccounts = endpoint({
  operationId: 'listAccounts',
  ...everybody,
  tag: 'Accounts',
  summary: 'All accounts, by id, or those whose company name begins so',
  description:
    'Postgres answers, as fresh as any `Consistency-Token` asks. Not for callers that are bound to an account: `GET /v1/accounts/{accountNumber}` has theirs.',
  query: AccountQuery,
  list: ({ query }) => nameOf('accounts', toAccountPage(query)),
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

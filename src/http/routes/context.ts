import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { explainAccountNumber } from '../../directory/accounts/explain-account-number.ts';
import { accountNumberFromUrl } from '../../directory/accounts/account-number.ts';
import { settingsOf } from '../../deps.ts';
import { Account, accountByNumber } from '../../directory/accounts/accounts.ts';
import { find, keyedBy } from '../../directory/look-up.ts';
import { copyString } from '../../lib/copy-string.ts';
import { AccountNumberReason } from '../response/account-number-reason.ts';
import { answer, etagOfRow, noteAbout } from '../response/answer.ts';
import { etagOfList } from '../response/etag.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { AccountNumber, flag } from '../request/parameters.ts';

const tag = 'Context';

const getAccountNumber = endpoint({
  operationId: 'getAccountNumberFromUrl',
  tag,
  summary: "The account number in a URL's host",
  description:
    'Only http and https URLs, and only the labels of the host: exactly one must be an account number. Asks neither Redis nor Postgres.',
  implements: 'account_number_from_url',
  query: z.object({
    url: z.string('is required').meta({
      description: 'Any string; what is no such URL gives null.',
      example: 'https://hr.3141-5926-5359.alpha.api.example.com/',
    }),
    explain: flag('Answer `reason` and `labels` too: why the URL gives this number, or none.'),
  }),
  body: z
    .object({ accountNumber: AccountNumber.nullable(), ...AccountNumberReason.partial().shape })
    .meta({ id: 'AccountNumberOfUrl' }),
  scope: 'open',
  explain: ({ query, env }) => explainAccountNumber(query.url, settingsOf(env).ACCOUNT_HOST_SUFFIXES),
});

const getContext = endpoint({
  operationId: 'getContext',
  tag,
  summary: "The account of the request's own host",
  description:
    'Both are null when the host names no account; the account alone when no account has the number.',
  scope: 'directory:read',
  // A caller who may not see the account gets null, after the same steps as for an account that is not there.
  subject: () => null,
  body: z
    .object({ accountNumber: AccountNumber.nullable(), account: Account.nullable() })
    .meta({ id: 'Context' }),
  lookUp({ url, env }) {
    const accountNumber = accountNumberOf(url, env);
    return accountNumber === null ? null : keyedBy(accountByNumber, { accountNumber });
  },
});

export const context = new Hono<AppEnv>()
  .get('/v1/account-number', getAccountNumber, async (c) => {
    const { url, explain } = c.req.valid('query');
    if (explain) {
      const explained = explainAccountNumber(url, settingsOf(c.env).ACCOUNT_HOST_SUFFIXES);
      noteAbout(c, explained);
      return answer(c, explained, await etagOfList([], JSON.stringify(explained)));
    }
    const accountNumber = accountNumberOf(url, c.env);
    noteAbout(c, { accountNumber });
    return answer(c, { accountNumber }, `"account-number-${accountNumber}"`);
  })
  .get('/v1/context', getContext, async (c) => {
    const accountNumber = accountNumberOf(c.req.url, c.env);
    const account = accountNumber === null ? null : await findVisibleAccount(c.var, accountNumber);
    const etag = account ? etagOfRow(account) : `"context-${accountNumber}"`;
    noteAbout(c, { accountNumber });
    const response = answer(c, { accountNumber, account }, etag);
    response.headers.set('Vary', 'Host');
    return response;
  });

// It becomes a key of what is remembered, which must not keep the whole URL.
function accountNumberOf(url: string, env: object): string | null {
  const accountNumber = accountNumberFromUrl(url, settingsOf(env).ACCOUNT_HOST_SUFFIXES);
  return accountNumber === null ? null : copyString(accountNumber);
}

// An account that the caller may not see is as one that is not there.
async function findVisibleAccount({ deps, caller, read }: AppEnv['Variables'], accountNumber: string) {
  const isHidden = caller.accountNumber !== null && caller.accountNumber !== accountNumber;
  return isHidden ? null : find(deps, accountByNumber, { accountNumber }, read);
}

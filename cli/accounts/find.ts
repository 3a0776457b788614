import { type Answer, answerOf } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import type { Account } from '../../src/shapes/account.ts';

const ACCOUNT_NUMBER = /^\d{4}-\d{4}-\d{4}$/;

/** The description of an argument that names an account. */
export const ACCOUNT = 'Its number, or its external id.';

/** An account by its number or its external id; throws a failure if there is none. */
export function readAccount({ client }: Session, name: string): Promise<Answer<Account>> {
  const { accounts } = client.v1;
  return ACCOUNT_NUMBER.test(name)
    ? answerOf(accounts[':accountNumber'].$get({ param: { accountNumber: name } }))
    : answerOf(
        accounts['by-external-id'][':externalId'].$get({ param: { externalId: encodeURIComponent(name) } }),
      );
}

/** The number itself, which needs no request, or that of the account with the external id. */
export async function accountNumberOf(session: Session, name: string): Promise<string> {
  return ACCOUNT_NUMBER.test(name) ? name : (await readAccount(session, name)).body.accountNumber;
}

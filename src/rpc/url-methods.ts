import { settingsOf } from '../deps.ts';
import { accountNumberFromUrl } from '../directory/accounts/account-number.ts';
import {
  type ExplainedAccountNumber,
  explainAccountNumber,
} from '../directory/accounts/explain-account-number.ts';
import { beginCall, logCall } from './call.ts';
import { type CallContext, nameOfCaller } from './method.ts';

// These ask no store, need no right and are not counted.

export function numberOf(env: object, ctx: CallContext, url: string, options: unknown): string | null {
  const accountNumber = accountNumberFromUrl(url, settingsOf(env).ACCOUNT_HOST_SUFFIXES);
  logUrlCall(env, ctx, accountNumber, options);
  return accountNumber;
}

export function explain(
  env: object,
  ctx: CallContext,
  url: string,
  options: unknown,
): ExplainedAccountNumber {
  const explained = explainAccountNumber(url, settingsOf(env).ACCOUNT_HOST_SUFFIXES);
  logUrlCall(env, ctx, explained.accountNumber, options);
  return explained;
}

function logUrlCall(env: object, ctx: CallContext, about: string | null, options: unknown): void {
  if (!settingsOf(env).LOG_REQUESTS) return;
  logCall({ ...beginCall(ctx, {}, options), about, caller: nameOfCaller(ctx.props) }, 0);
}

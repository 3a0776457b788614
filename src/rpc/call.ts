import type { RequestOutcome } from '../cache/counts/counts.ts';
import type { Trace } from '../cache/look-up.ts';
import { fieldsOfTrace } from '../cache/trace-fields.ts';
import { accountNumberIn } from '../directory/about.ts';
import type { Caller } from '../directory/caller.ts';
import { bounded } from '../directory/fields.ts';
import type { ErrorCode } from '../shapes/error-code.ts';
import { consoleLog } from '../lib/log.ts';
import { isRequestId, MAX_REQUEST_ID, REQUEST_ID } from '../lib/request-id.ts';

/** The id of the request for which a Worker calls. */
export const RequestId = bounded(MAX_REQUEST_ID).regex(
  REQUEST_ID,
  'must have letters, digits and _ . : - only',
);

/** The name of the method that is being called, by the context of the call. */
const names = new WeakMap<object, string>();

/** Lets every call to the class know the name of its method. */
export function nameCalls(prototype: object): void {
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  for (const [name, { value }] of methods) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    const method: (...args: unknown[]) => unknown = value;
    const named = function (this: { readonly ctx: object }, ...args: unknown[]): unknown {
      names.set(this.ctx, name);
      return method.apply(this, args);
    };
    Object.defineProperty(prototype, name, { value: named, writable: true, configurable: true });
  }
}

/** A call, as its line in the log tells of it. */
export interface LoggedCall {
  readonly method: string | null;
  readonly requestId: string;
  caller: Caller | null;
  /** The number of the account that it was about. */
  about: string | null;
  code: ErrorCode | null;
  readonly trace: Trace;
}

/** Begins a call of the method that was named last; it keeps the id of the request that its options give. */
export function beginCall(ctx: object, args: unknown, options: unknown): LoggedCall {
  const given = [options, (Object(args) as { readonly options?: unknown }).options].map(
    (some) => (Object(some) as { readonly requestId?: unknown }).requestId,
  );
  const requestId = given.find(isRequestId);
  return {
    method: names.get(ctx) ?? null,
    requestId: requestId ?? crypto.randomUUID(),
    caller: null,
    about: aboutOf(args),
    code: null,
    trace: {},
  };
}

function aboutOf(args: unknown): string | null {
  const named = [args, ...Object.values(Object(args))].map(accountNumberIn);
  return named.find((one) => one !== null) ?? null;
}

/** Logs a call in one line, without its arguments but the number of the account. */
export function logCall({ method, requestId, caller, about, code, trace }: LoggedCall, ms: number): void {
  consoleLog.info('request', {
    requestId,
    caller: caller?.id ?? null,
    rpc: method,
    code,
    account: about ?? caller?.accountNumber ?? null,
    ...fieldsOfTrace(trace),
    ms,
  });
}

/** By what HTTP answers for the codes. */
const OUTCOMES: Readonly<Partial<Record<ErrorCode, RequestOutcome>>> = {
  account_is_inactive: 'refused',
  forbidden: 'refused',
  internal_error: 'error',
  unavailable: 'error',
};

/** What became of the call, as it is counted. */
export function outcomeOf({ code }: LoggedCall): RequestOutcome {
  return code === null ? 'ok' : (OUTCOMES[code] ?? 'ok');
}

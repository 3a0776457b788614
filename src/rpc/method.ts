import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../directory/accounts/account-number.ts';
import type { ReadDemands } from '../cache/look-up.ts';
import { OriginRefused, OriginUnavailable } from '../cache/errors.ts';
import { parseToken } from '../cache/logical-time.ts';
import { makeDeps, type RequestContext, type RequestDeps, settingsOf } from '../deps.ts';
import { accountNumberIn, accountNumberOf } from '../directory/about.ts';
import { requireActiveAccount } from '../directory/accounts/active-account.ts';
import { type Caller, requireScope, type Scope, SCOPES, type Writer } from '../directory/caller.ts';
import type { Deps } from '../directory/deps.ts';
import { AmbiguousError, FieldError, LookUpError, RefusedError } from '../directory/errors.ts';
import type { ErrorCode } from '../shapes/error-code.ts';
import { bounded, text } from '../directory/fields.ts';
import { cutEcho } from '../lib/echo.ts';
import type { Subject } from '../directory/subject.ts';
import { requireVisible } from '../directory/visibility.ts';
import { beginCall, logCall, type LoggedCall, outcomeOf, RequestId } from './call.ts';
import { describeError, logOfRequest } from '../lib/log.ts';

/** Twice the length of the longest token that the service issues. */
const MAX_TOKEN = 64;

const Options = z
  .strictObject({
    invalidate: z.boolean().optional(),
    requestId: RequestId.optional(),
    consistencyToken: bounded(MAX_TOKEN, 'is malformed')
      .transform((token, ctx) => parseToken(token) ?? ctx.addIssue('is malformed') ?? z.NEVER)
      .optional(),
  })
  .nullish();

/** The `props` of a service binding: the rights of the Worker that has it. */
const Props = z.strictObject({
  /** Names the Worker in logs and in the audit log. */
  name: text(100, 1).default('worker'),
  scopes: z.array(z.enum(SCOPES)),
  accountNumber: z.string().regex(ACCOUNT_NUMBER).nullable().default(null),
});

/** The caller of a binding without `props`: it may only use the look-ups. */
const UNPRIVILEGED: Caller = {
  id: 'rpc:worker',
  scopes: new Set(['directory:read', 'cache:invalidate']),
  accountNumber: null,
  isUnprivileged: true,
};

/** The context of a call, with what the caller's binding says of it. */
export interface CallContext extends RequestContext {
  readonly props?: unknown;
}

/** A method for other Workers: what it takes, whom it is for, and the verb that answers it. */
export interface MethodSpec<A extends z.ZodType, T> {
  readonly args: A;
  readonly scope: Scope;
  /** A second scope that the caller needs. */
  readonly alsoScope?: Scope;
  /** The thing that a bound caller must be able to see; null when it belongs to no account. */
  readonly subject: (args: z.output<A>) => Subject | null;
  /** Absence is null here and no error. */
  readonly isNullable?: boolean;
  /** `sent` is what the caller sent, before anything was made of it. */
  readonly run: (
    deps: Deps,
    args: z.output<A>,
    read: ReadDemands,
    writer: Writer,
    env: object,
    sent: unknown,
  ) => Promise<T>;
}

/** An argument is invalid; the message names it. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument';
  readonly code = 'bad_request';
}

/** Makes a method that asks for the right, parses its arguments, lets only clean errors out, and leaves one line in the log. */
export function method<A extends z.ZodType, T>(spec: MethodSpec<A, T>) {
  return async (env: object, ctx: CallContext, args: unknown, options: unknown): Promise<T> => {
    const startedAtMs = Date.now();
    const call = beginCall(ctx, args, options);
    let deps: RequestDeps | undefined;
    try {
      deps = makeDeps(env, ctx, undefined, call.requestId);
      const answer = await run(spec, deps, env, { props: ctx.props, args, options, call });
      call.about ??= accountNumberIn(answer) ?? accountNumberIn(Object(answer).value);
      return answer;
    } catch (error) {
      const described = describeRpcError(error, call.requestId);
      call.code = described.code;
      throw toRpcError(described);
    } finally {
      const endedAtMs = Date.now();
      const ms = endedAtMs - startedAtMs;
      deps?.cache.counts.request(outcomeOf(call), ms, endedAtMs);
      if (!deps || settingsOf(env).LOG_REQUESTS) logCall(call, ms);
      deps?.afterwards.begin();
    }
  };
}

interface Call extends Pick<CallContext, 'props'> {
  readonly args: unknown;
  readonly options: unknown;
  readonly call: LoggedCall;
}

async function run<A extends z.ZodType, T>(
  spec: MethodSpec<A, T>,
  deps: RequestDeps,
  env: object,
  { props, args, options, call }: Call,
): Promise<T> {
  const writer = { caller: callerOf(props), requestId: call.requestId };
  call.caller = writer.caller;
  deps.askFor?.(writer.caller);
  await requireActiveAccount(deps, writer.caller);
  // Checked first, as over HTTP: arguments of a caller without the right are not parsed.
  requireScope(writer.caller, spec.scope);
  if (spec.alsoScope) requireScope(writer.caller, spec.alsoScope);
  const parsed = parse(spec.args, args);
  const read = parseOptions(options);
  if (read?.invalidate) requireScope(writer.caller, 'cache:invalidate');
  const demands = { reload: read?.invalidate, token: read?.consistencyToken, trace: call.trace };
  const subject = spec.subject(parsed);
  call.about ??= accountNumberOf(subject);
  // Only specs of methods that may return null set `isNullable`.
  const isBound = writer.caller.accountNumber !== null;
  if (isBound && subject && !(await isSeen(spec, deps, writer.caller, subject, demands))) return null as T;
  try {
    return await spec.run(deps, parsed, demands, writer, env, args);
  } finally {
    // What was asked past the cache.
    Object.assign(call.trace, deps.trace);
  }
}

const CallOptions = z.object({ options: Options });

function parseOptions(options: unknown): z.output<typeof Options> {
  return options === undefined ? undefined : parse(CallOptions, { options }).options;
}

async function isSeen<A extends z.ZodType, T>(
  { isNullable }: MethodSpec<A, T>,
  deps: Deps,
  caller: Caller,
  subject: Subject,
  demands: ReadDemands,
): Promise<boolean> {
  try {
    await requireVisible(deps, caller, subject, demands);
    return true;
  } catch (error) {
    if (isNullable && error instanceof LookUpError) return false;
    throw error;
  }
}

/** The caller of a method that asks for no right; null where the props of its binding are wrong. */
export function nameOfCaller(props: unknown): Caller | null {
  return isNone(props) || Props.safeParse(props).success ? callerOf(props) : null;
}

function callerOf(props: unknown): Caller {
  if (isNone(props)) return UNPRIVILEGED;
  const { success, data } = Props.safeParse(props);
  if (!success) {
    throw new RefusedError(
      'forbidden',
      'the props of the service binding must be { name, scopes, accountNumber }',
    );
  }
  const { name, scopes, accountNumber } = data;
  // Bindings of different accounts are different callers even under one name. Names are encoded, so only the account follows an @.
  const named = `rpc:${name.replaceAll(/[%@]/g, encodeURIComponent)}`;
  const id = accountNumber === null ? named : `${named}@${accountNumber}`;
  return { id, scopes: new Set(scopes), accountNumber };
}

// The runtime passes an empty object when the binding has no props.
function isNone(props: unknown): boolean {
  if (props === undefined || props === null) return true;
  return typeof props === 'object' && !Array.isArray(props) && Object.keys(props).length === 0;
}

function parse<A extends z.ZodType>(schema: A, value: unknown): z.output<A> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const name = cutEcho([...(issue?.path ?? []), ...keys].join('.'));
  throw new BadArgument(`${name}: ${keys.length > 0 ? 'is no field' : (issue?.message ?? 'is invalid')}`);
}

// The runtime sends own properties to the caller, and the stack and the cause could reveal SQL and keys.
function toRpcError({ code, message, candidates }: Described): Error {
  const clean = Object.assign(new Error(message), { code, ...(candidates && { candidates }) });
  clean.stack = `Error: ${message}`;
  return clean;
}

interface Described {
  readonly code: ErrorCode;
  readonly message: string;
  /** The things that an ambiguous argument names. */
  readonly candidates?: readonly object[];
}

/** The code and message that other Workers get of an error. */
export function describeRpcError(error: unknown, requestId: string): Described {
  if (
    error instanceof LookUpError ||
    error instanceof RefusedError ||
    error instanceof BadArgument ||
    error instanceof AmbiguousError ||
    error instanceof FieldError
  )
    return error;
  const isOutage = error instanceof OriginUnavailable && !(error instanceof OriginRefused);
  if (isOutage) return { code: 'unavailable', message: 'no store could answer' };
  const log = logOfRequest(requestId);
  log.error('rpc_failed', { error: describeError(error) });
  return { code: 'internal_error', message: 'the call failed' };
}

import * as z from 'zod';
import type { ReadDemands } from './cache/cache.ts';
import { OriginUnavailable } from './cache/errors.ts';
import { parseToken } from './cache/logical-time.ts';
import { makeDeps, type RequestContext } from './deps.ts';
import type { Deps } from './directory/deps.ts';
import { LookUpError } from './directory/errors.ts';
import { consoleLog, describeError } from './log.ts';

/** What every look-up takes as its last argument. */
export interface RpcOptions {
  /** Drop what is cached for this look-up and ask Postgres. */
  readonly invalidate?: boolean;
  /** Answer at least as fresh as the write that returned this token. */
  readonly consistencyToken?: string;
}

const Options = z
  .strictObject({
    invalidate: z.boolean().optional(),
    consistencyToken: z
      .string()
      .transform((text, ctx) => parseToken(text) ?? ctx.addIssue('is malformed') ?? z.NEVER)
      .optional(),
  })
  .nullish();
const id = z.int().positive();
// An empty one has an error of its own, thrown by the look-up.
const accountNumber = z.preprocess((value) => value ?? '', z.string());

/** An argument is of the wrong type; the message names it. */
class BadArgument extends Error {
  override readonly name = 'BadArgument';
  readonly code = 'bad_request';
}

export function idArgument(name: string, value: unknown): number {
  return parseArgument(name, id, value);
}

export function idOrNullArgument(name: string, value: unknown): number | null {
  return parseArgument(name, id.nullable(), value);
}

export function accountNumberArgument(value: unknown): string {
  return parseArgument('accountNumber', accountNumber, value);
}

export function usernameArgument(value: unknown): string {
  return parseArgument('username', z.string(), value);
}

/** Runs one look-up for another Worker: parses the options, makes the deps, and lets only clean errors out. */
export async function answer<T>(
  env: object,
  ctx: RequestContext,
  options: unknown,
  lookUp: (deps: Deps, read: ReadDemands) => Promise<T>,
): Promise<T> {
  try {
    const parsed = parseArgument('options', Options, options);
    return await lookUp(makeDeps(env, ctx), { reload: parsed?.invalidate, token: parsed?.consistencyToken });
  } catch (error) {
    throw toRpcError(error);
  }
}

function parseArgument<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message } = { path: [], message: 'is invalid' }] = result.error.issues;
  throw new BadArgument(`${[name, ...path].join('.')}: ${message}`);
}

// The stack and the cause would tell callers of SQL and keys; the runtime sends own properties along.
function toRpcError(error: unknown): Error {
  const { code, message } = describe(error);
  const clean = Object.assign(new Error(message), { code });
  clean.stack = `Error: ${message}`;
  return clean;
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof LookUpError || error instanceof BadArgument) return error;
  if (error instanceof OriginUnavailable) return { code: 'unavailable', message: 'no store could answer' };
  consoleLog.error('rpc_failed', { error: describeError(error) });
  return { code: 'internal_error', message: 'the look-up failed' };
}

import type { ContentfulStatusCode } from 'hono/utils/http-status';
import * as z from 'zod';
import { OriginUnavailable } from '../cache/errors.ts';
import { type LookUpCode, LookUpError } from '../directory/errors.ts';

/** One fault of the input. */
export const Fault = z
  .object({
    in: z.enum(['path', 'query', 'header', 'body']),
    name: z.string().meta({ description: 'The parameter or header.' }),
    detail: z.string(),
  })
  .meta({ id: 'Fault' });
export type Fault = z.infer<typeof Fault>;

/** RFC 9457, as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'A reference to the description of the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable; branch on this.' }),
    requestId: z.string(),
    errors: z.array(Fault).optional().meta({ description: 'Every fault of the input.' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

type HttpCode =
  | 'bad_request'
  | 'internal_error'
  | 'method_not_allowed'
  | 'misconfigured'
  | 'not_found'
  | 'unauthorized'
  | 'unavailable';
export type ProblemCode = LookUpCode | HttpCode;

/** Status and title of every code. */
export const problems: Readonly<Record<ProblemCode, { status: ContentfulStatusCode; title: string }>> = {
  account_does_not_exist: { status: 404, title: 'No such account' },
  account_required: { status: 400, title: 'Account number required' },
  admin_user_does_not_exist: { status: 404, title: 'The account has no admin user' },
  bad_request: { status: 400, title: 'Bad request' },
  internal_error: { status: 500, title: 'Internal error' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  misconfigured: { status: 500, title: 'The service is misconfigured' },
  no_account_for_user: { status: 404, title: 'The user has no account' },
  no_default_account: { status: 404, title: 'No default account' },
  no_platform_admin: { status: 404, title: 'No platform admin' },
  not_found: { status: 404, title: 'No such path' },
  unauthorized: { status: 401, title: 'A valid key is required' },
  unavailable: { status: 503, title: 'No store could answer' },
  user_does_not_exist: { status: 404, title: 'No such user' },
  user_profile_does_not_exist: { status: 404, title: 'No such user profile' },
};

/** Ends a request with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly errors: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: readonly Fault[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** Long enough for a breaker to close and a database to wake. */
export const RETRY_AFTER_S = '2';

/** The problem to answer for whatever a handler threw; null when it is a defect of ours. */
export function asProblem(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error;
  if (error instanceof LookUpError) return new ProblemError(error.code, error.message);
  if (error instanceof OriginUnavailable) {
    const headers = { 'Retry-After': RETRY_AFTER_S };
    return new ProblemError('unavailable', 'neither cache nor database could answer; try again', { headers });
  }
  return null;
}

export function badRequest(errors: readonly Fault[]): ProblemError {
  const detail = errors.map(({ name, detail: fault }) => `${name}: ${fault}`).join('; ');
  return new ProblemError('bad_request', detail, { errors });
}

/** The response of a problem. */
export function toResponse(problem: ProblemError, requestId: string): Response {
  const { status, title } = problems[problem.code];
  const body: Problem = {
    type: `/docs#problem-${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    requestId,
    ...(problem.errors.length > 0 && { errors: [...problem.errors] }),
  };
  const headers = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...problem.headers,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

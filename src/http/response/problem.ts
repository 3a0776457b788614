import type { ContentfulStatusCode } from 'hono/utils/http-status';
import * as z from 'zod';
import { OriginRefused, OriginUnavailable } from '../../cache/errors.ts';
import { etagOfRow, type Row } from './answer.ts';
import { faultsOfFields } from '../../directory/fields.ts';
import { cutEcho } from '../../lib/echo.ts';
import type { ErrorCode } from '../../shapes/error-code.ts';
import { AmbiguousError, FieldError, LookUpError, RefusedError } from '../../directory/errors.ts';
import { User } from '../../directory/users/users.ts';

/** One fault of the input. */
export const Fault = z
  .object({
    in: z.enum(['path', 'query', 'header', 'body']),
    name: z
      .string()
      .meta({ description: 'The parameter, the header, or the path of the field in the body.' }),
    detail: z.string(),
  })
  .meta({ id: 'Fault' });
export type Fault = z.infer<typeof Fault>;

/** Status and title of every code. */
export const problems: Readonly<Record<ProblemCode, { status: ContentfulStatusCode; title: string }>> = {
  account_does_not_exist: { status: 404, title: 'No such account' },
  account_is_inactive: { status: 403, title: 'The account of the key is inactive' },
  account_number_retired: { status: 409, title: 'The account number belonged to a deleted account' },
  account_number_taken: { status: 409, title: 'The account number is taken' },
  account_required: { status: 400, title: 'Account number required' },
  admin_user_does_not_exist: { status: 404, title: 'The account has no admin user' },
  ambiguous: { status: 409, title: 'Several have this name' },
  bad_request: { status: 400, title: 'Bad request' },
  content_too_large: { status: 413, title: 'The body is too large' },
  cursor_expired: { status: 410, title: 'The cursor is too old' },
  default_account_is_protected: { status: 409, title: 'The default account cannot be deleted' },
  deletion_does_not_exist: { status: 404, title: 'No such deletion' },
  external_id_taken: { status: 409, title: 'The external id is taken' },
  forbidden: { status: 403, title: 'The key lacks the right' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  internal_error: { status: 500, title: 'Internal error' },
  key_does_not_exist: { status: 404, title: 'No such key' },
  key_is_revoked: { status: 409, title: 'The key is revoked' },
  last_admin_is_protected: { status: 409, title: 'The account would be left without an admin' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  misconfigured: { status: 500, title: 'The service is misconfigured' },
  no_account_for_user: { status: 404, title: 'The user has no account' },
  no_default_account: { status: 404, title: 'No default account' },
  no_platform_admin: { status: 404, title: 'No platform admin' },
  not_found: { status: 404, title: 'No such path' },
  platform_account_is_protected: { status: 409, title: 'The platform account cannot be deleted' },
  precondition_failed: { status: 412, title: 'Changed since it was read' },
  precondition_required: { status: 428, title: 'If-Match required' },
  request_timeout: { status: 408, title: 'The body came too slowly' },
  restore_is_blocked: { status: 409, title: 'Something stands in the way of the restore' },
  too_many_accounts: { status: 409, title: 'The user is a member of too many accounts' },
  too_many_keys: { status: 409, title: 'Too many keys' },
  too_many_members: { status: 409, title: 'The account has too many members' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  unauthorized: { status: 401, title: 'A valid key is required' },
  unavailable: { status: 503, title: 'No store could answer' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  uri_too_long: { status: 414, title: 'The URL is too long' },
  user_does_not_exist: { status: 404, title: 'No such user' },
  user_profile_does_not_exist: { status: 404, title: 'No such user profile' },
  user_profile_exists: { status: 409, title: 'The user is a member already' },
  username_taken: { status: 409, title: 'The username is taken' },
};

/** A code that a problem can have. */
// `Object.keys` forgets the names.
export const ProblemCode = z.enum(Object.keys(problems) as [ProblemCode]).meta({
  id: 'ProblemCode',
  description: 'Stable; branch on this.',
});
export type ProblemCode = ErrorCode;

/** RFC 9457, as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'A reference to the description of the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: ProblemCode,
    requestId: z.string(),
    errors: z.array(Fault).optional().meta({ description: 'Every fault of the input.' }),
    candidates: z.array(User).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** The problem of one of many things that a request asked for. */
export const ItemProblem = Problem.omit({ requestId: true, errors: true, candidates: true }).meta({
  id: 'ItemProblem',
});

/** Ends a request with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly errors: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  readonly candidates: readonly object[];

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      errors?: readonly Fault[];
      headers?: Readonly<Record<string, string>>;
      candidates?: readonly object[];
    } = {},
  ) {
    super(detail);
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
    this.candidates = more.candidates ?? [];
  }
}

/** Long enough for a breaker to close and a database to wake. */
export const RETRY_AFTER_S = '2';

/** The problem that answers a thrown error; null when the error is a defect of the service. */
export function asProblem(error: LookUpError | OriginUnavailable): ProblemError;
export function asProblem(error: unknown): ProblemError | null;
export function asProblem(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error;
  if (error instanceof LookUpError) return new ProblemError(error.code, error.message);
  if (error instanceof FieldError) return badRequest(error.faults.map((fault) => ({ in: 'body', ...fault })));
  if (error instanceof AmbiguousError)
    return new ProblemError(error.code, error.message, { candidates: error.candidates });
  if (error instanceof RefusedError) {
    // Only rows are refused for their state.
    const headers = error.current && { ETag: etagOfRow(error.current as Row) };
    return new ProblemError(error.code, error.message, { ...(headers && { headers }) });
  }
  if (error instanceof OriginRefused) {
    return new ProblemError(
      'internal_error',
      'the database refused the statement; the fault is in the service',
    );
  }
  if (error instanceof OriginUnavailable) {
    const headers = { 'Retry-After': RETRY_AFTER_S };
    return new ProblemError('unavailable', 'neither the caches nor the database could answer; try again', {
      headers,
    });
  }
  return null;
}

/** Converts the issues of a schema into faults of that part of the request. */
export function faultsOf(place: Fault['in'], error: z.ZodError): Fault[] {
  return faultsOfFields(error).map(({ name, detail }) => ({ in: place, name: name || place, detail }));
}

/** People read no more, and an answer must not be many times larger than the request. */
const MAX_FAULTS = 100;
const MAX_FAULT_DETAIL = 400;
const MAX_DETAIL = 4_000;

/** The problem of invalid input. Quoted parts of the input are shortened. */
export function badRequest(faults: readonly Fault[]): ProblemError {
  const errors = faults.slice(0, MAX_FAULTS).map(({ in: place, name, detail }) => ({
    in: place,
    name: cutEcho(name),
    detail: cutEcho(detail, MAX_FAULT_DETAIL),
  }));
  const details = errors.map(({ name, detail }) => `${name}: ${detail}`);
  const more = faults.length - errors.length;
  const detail = cutEcho(details.join('; '), MAX_DETAIL);
  return new ProblemError('bad_request', more > 0 ? `${detail}; and ${more} more` : detail, { errors });
}

/** The problem of a request without a valid key or assertion. */
export function unauthorized(detail: string): ProblemError {
  return new ProblemError('unauthorized', detail, {
    headers: { 'WWW-Authenticate': 'Bearer realm="edge-accounts"' },
  });
}

/** The parts of a problem that do not depend on the request. */
export function describeProblem(code: ProblemCode, detail: string) {
  const { status, title } = problems[code];
  return { type: `/docs#problem-${code}`, title, status, detail, code };
}

/** The response of a problem. */
export function toResponse(problem: ProblemError, requestId: string): Response {
  const described = describeProblem(problem.code, problem.message);
  const { status } = described;
  const { errors, candidates } = problem;
  const body = {
    ...described,
    requestId,
    ...(errors.length > 0 && { errors }),
    ...(candidates.length > 0 && { candidates }),
  };
  const headers = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...problem.headers,
  };
  return new Response(JSON.stringify(body), { status, headers });
}

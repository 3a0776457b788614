import type { AnyEndpointSpec } from '../spec.ts';
import type { Components } from './components.ts';
import { problemHeadersOf, shareHeaders } from './headers.ts';
import { Problem, type ProblemCode, problems } from '../response/problem.ts';

/**
 * The responses of a route that are problems, each with the codes that the route can answer. Routes that can answer the same
 * codes share the response.
 */
export function problemResponsesOf(components: Components, spec: AnyEndpointSpec): Record<string, object> {
  const byStatus = Map.groupBy(codesOf(spec), (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, responseOf(components, status, [...codes].sort())]),
  );
}

function responseOf(components: Components, status: number, codes: readonly ProblemCode[]): object {
  const only = { type: 'object', properties: { code: { type: 'string', enum: codes } } };
  const schema = { allOf: [components.describe(Problem, 'output'), only] };
  return components.share('responses', codes.map(toPascalCase).join('Or'), {
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
    headers: shareHeaders(components, problemHeadersOf(status)),
    content: { 'application/problem+json': { schema } },
  });
}

function toPascalCase(code: string): string {
  return code.replaceAll(/(?:^|_)(\w)/g, (_, initial: string) => initial.toUpperCase());
}

function codesOf(spec: AnyEndpointSpec): ProblemCode[] {
  return [
    ...ALWAYS,
    ...(spec.errors ?? []),
    ...(spec.scope === 'open' ? [] : KEY_CODES),
    ...(spec.json ? BODY_CODES : []),
    ...(spec.precondition ? PRECONDITION_CODES : []),
    ...(spec.idempotent ? IDEMPOTENCY_CODES : []),
    // The check of a key is a read too.
    ...(spec.lookUp || spec.scope !== 'open' ? UNAVAILABLE_CODES : []),
  ];
}

const ALWAYS = [
  'bad_request',
  'request_timeout',
  'headers_too_large',
  'too_many_requests',
  'uri_too_long',
  'internal_error',
  'misconfigured',
] as const;
const KEY_CODES = ['unauthorized', 'forbidden', 'account_is_inactive'] as const;
const BODY_CODES = ['content_too_large', 'unsupported_media_type'] as const;
const PRECONDITION_CODES = ['precondition_failed', 'precondition_required'] as const;
const IDEMPOTENCY_CODES = ['idempotency_key_reused'] as const;
const UNAVAILABLE_CODES = ['unavailable'] as const;

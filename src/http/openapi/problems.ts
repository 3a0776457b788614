import * as z from 'zod';
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import type { AnyEndpointSpec } from '../spec.ts';
import { problemHeadersOf } from './headers.ts';
import { Problem, type ProblemCode, problems } from '../response/problem.ts';

/** The responses of a route that are problems, each with the codes that the route can answer. */
type ProblemResponses = (spec: AnyEndpointSpec) => ZodOpenApiResponsesObject;

/** Routes that can answer the same codes share the response, which is a component of the document. */
export function makeProblemResponses(): ProblemResponses {
  const known = new Map<string, ZodOpenApiResponseObject>();

  function responseOf(status: number, codes: readonly ProblemCode[]): ZodOpenApiResponseObject {
    const id = codes.map(toPascalCase).join('Or');
    const response = known.get(id) ?? problemResponse(id, status, codes);
    known.set(id, response);
    return response;
  }

  return (spec) => {
    const byStatus = Map.groupBy(codesOf(spec), (code) => problems[code].status);
    return Object.fromEntries(
      [...byStatus].map(([status, codes]) => [status, responseOf(status, [...codes].sort())]),
    );
  };
}

function toPascalCase(code: string): string {
  return code.replaceAll(/(?:^|_)(\w)/g, (_, initial: string) => initial.toUpperCase());
}

function problemResponse(
  id: string,
  status: number,
  codes: readonly ProblemCode[],
): ZodOpenApiResponseObject {
  const only = z.looseObject({ code: z.enum(codes) }).meta({
    // The schema beside it requires the code.
    override: ({ jsonSchema }) => void delete jsonSchema.required,
  });
  return {
    id,
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
    headers: problemHeadersOf(status),
    content: { 'application/problem+json': { schema: Problem.and(only) } },
  };
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

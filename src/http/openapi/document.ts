import type * as z from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { version } from '../../../package.json';
import { type AnyEndpointSpec, JSON_TYPES } from '../spec.ts';
import { problemHeadersOf, requestHeadersOf, responseHeadersOf } from './headers.ts';
import { Problem, type ProblemCode, problems } from '../response/problem.ts';
import type { Route } from '../endpoint/registry.ts';

export type OpenApi = ReturnType<typeof createDocument>;

/** The OpenAPI 3.1 document, from the very schemas that validate requests. */
export function makeOpenApi(routes: readonly Route[]): OpenApi {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, spec } of routes) {
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: operationOf(spec, method === 'GET') };
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Edge Accounts',
      version,
      description: 'Account and user look-ups for a multi-tenant platform, answered at the edge.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths,
  });
}

function operationOf(spec: AnyEndpointSpec, isRead: boolean): ZodOpenApiOperationObject {
  const documented = spec.implements && `Implements \`${spec.implements}\`.`;
  const right = spec.scope !== 'open' && `Needs the scope \`${spec.scope}\`.`;
  return {
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, documented, right].filter(Boolean).join(' '),
    security: spec.scope === 'open' ? [] : [{ key: [] }],
    requestParams: {
      ...(spec.path && { path: spec.path }),
      ...(spec.query && { query: spec.query }),
      header: requestHeadersOf(spec, isRead),
    },
    ...(spec.json && { requestBody: bodyOf(spec, spec.json) }),
    responses: { ...successesOf(spec, isRead), ...problemsOf(spec) },
  };
}

function bodyOf({ jsonTypes = JSON_TYPES, isBodyOptional = false }: AnyEndpointSpec, schema: z.ZodType) {
  return {
    required: !isBodyOptional,
    content: Object.fromEntries(jsonTypes.map((type) => [type, { schema }])),
  };
}

function successesOf(spec: AnyEndpointSpec, isRead: boolean): ZodOpenApiResponsesObject {
  const content = { [spec.html ? 'text/html' : 'application/json']: { schema: spec.body } };
  const headers = responseHeadersOf(spec, false);
  const created = { description: 'Created.', headers: responseHeadersOf(spec, true), content };
  return {
    ...(spec.creates !== 'always' && { 200: { description: 'The answer.', headers, content } }),
    ...(spec.creates && { 201: created }),
    ...(spec.unready && {
      503: { description: 'As 200.', headers: problemHeadersOf(503), content },
    }),
    ...(isRead &&
      (spec.lookUp || spec.uncached) && {
        304: { description: 'The caller has the current representation.', headers },
      }),
  };
}

function problemsOf(spec: AnyEndpointSpec): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(codesOf(spec), (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [status, problemResponse(status, ofStatus)]),
  );
}

function codesOf(spec: AnyEndpointSpec): ProblemCode[] {
  return [
    'bad_request',
    'request_timeout',
    ...(spec.errors ?? []),
    'internal_error',
    ...ofKey(spec),
    ...(spec.json ? BODY_CODES : []),
    ...(spec.precondition ? PRECONDITION_CODES : []),
    ...(spec.idempotent ? IDEMPOTENCY_CODES : []),
    // The check of a key is a read too.
    ...(spec.lookUp || spec.scope !== 'open' ? UNAVAILABLE_CODES : []),
    ...LIMIT_CODES,
  ];
}

const BODY_CODES = ['content_too_large', 'unsupported_media_type'] as const;
const PRECONDITION_CODES = ['precondition_failed', 'precondition_required'] as const;
const IDEMPOTENCY_CODES = ['idempotency_key_reused'] as const;
const LIMIT_CODES = ['headers_too_large', 'too_many_requests', 'uri_too_long'] as const;
const UNAVAILABLE_CODES = ['unavailable'] as const;

function ofKey({ scope }: AnyEndpointSpec): ProblemCode[] {
  return scope === 'open' ? [] : ['unauthorized', 'forbidden', 'account_is_inactive'];
}

function problemResponse(status: number, codes: readonly ProblemCode[]) {
  const description = codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' ');
  return {
    description,
    headers: problemHeadersOf(status),
    content: { 'application/problem+json': { schema: Problem } },
  };
}

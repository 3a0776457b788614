import * as z from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { version } from '../../package.json';
import type { AnyEndpointSpec } from './endpoint.ts';
import { Problem, type ProblemCode, problems } from './problem.ts';
import type { Route } from './routes.ts';

export type OpenApi = ReturnType<typeof createDocument>;

const demandHeaders = {
  'Cache-Control': z.string().optional().meta({
    description:
      '`no-cache` drops the entry in memory and Redis and asks Postgres; `max-age=0` skips memory; `max-age=N` refuses a memory entry read more than N seconds ago.',
  }),
  'Consistency-Token': z.string().optional().meta({
    description: 'The answer is at least as fresh as the write that returned this token.',
  }),
};
const conditionHeader = {
  'If-None-Match': z
    .string()
    .optional()
    .meta({ description: 'Entity tags that the caller has; 304 when one is current.' }),
};

const cacheHeaders = {
  'Cache-Status': z.string().optional().meta({
    description: 'RFC 9211; one member per cache asked, nearest last.',
    example: 'redis; hit; ttl=240, isolate; fwd=miss; stored',
  }),
  'Server-Timing': z.string().optional().meta({ description: 'Time spent per tier asked, in ms.' }),
};
const requestIdHeader = {
  'X-Request-Id': z.string().meta({ description: 'Names the request in the logs.' }),
};
const retryAfterHeader = { 'Retry-After': z.string().meta({ description: 'Seconds.' }) };
const etagHeader = { ETag: z.string().meta({ description: 'Changes with the revision of any row shown.' }) };

/** The OpenAPI 3.1 document, from the very schemas that validate requests. */
export function makeOpenApi(routes: readonly Route[]): OpenApi {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, spec } of routes) {
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: operationOf(spec) };
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

function operationOf(spec: AnyEndpointSpec): ZodOpenApiOperationObject {
  const documented = spec.implements && `Implements \`${spec.implements}\`.`;
  return {
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, documented].filter(Boolean).join(' '),
    security: spec.open ? [] : [{ key: [] }],
    requestParams: {
      ...(spec.path && { path: spec.path }),
      ...(spec.query && { query: spec.query }),
      ...(spec.demands && { header: z.object(demandHeaders) }),
      ...(spec.lookUp && { header: z.object({ ...demandHeaders, ...conditionHeader }) }),
    },
    responses: { ...successesOf(spec), ...problemsOf(spec) },
  };
}

function successesOf(spec: AnyEndpointSpec): ZodOpenApiResponsesObject {
  const content = { [spec.html ? 'text/html' : 'application/json']: { schema: spec.body } };
  const headers = z.object({ ...requestIdHeader, ...(spec.lookUp && { ...cacheHeaders, ...etagHeader }) });
  const ok = { description: 'The answer.', headers, content };
  const created = z.object({
    ...headers.shape,
    'Consistency-Token': z.string().meta({ description: 'For reads that must see what was created.' }),
    Location: z.string(),
  });
  return {
    200: ok,
    ...(spec.creates && { 201: { description: 'Created.', headers: created, content } }),
    ...(spec.unready && {
      503: { description: 'As 200.', headers: headers.extend(retryAfterHeader), content },
    }),
    ...(spec.lookUp && { 304: { description: 'The caller has the current representation.', headers } }),
  };
}

function problemsOf(spec: AnyEndpointSpec): ZodOpenApiResponsesObject {
  const codes: ProblemCode[] = ['bad_request', ...(spec.errors ?? []), 'internal_error'];
  if (!spec.open) codes.push('unauthorized');
  if (spec.lookUp) codes.push('unavailable');
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [status, problemResponse(status, ofStatus)]),
  );
}

function problemResponse(status: number, codes: readonly ProblemCode[]) {
  const description = codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' ');
  const extra = {
    ...(status === 401 && { 'WWW-Authenticate': z.string() }),
    ...(status === 503 && retryAfterHeader),
  };
  return {
    description,
    headers: z.object({ ...requestIdHeader, ...extra }),
    content: { 'application/problem+json': { schema: Problem } },
  };
}

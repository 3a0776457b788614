import type * as z from 'zod';
import {
  createDocument,
  type ZodOpenApiOverride,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { version } from '../../../package.json';
import { type AnyEndpointSpec, JSON_TYPES } from '../spec.ts';
import { requestHeadersOf } from './headers.ts';
import { makeProblemResponses } from './problems.ts';
import type { Route } from '../endpoint/registry.ts';
import { makeSuccessResponses } from './successes.ts';
import { tags } from './tags.ts';

export type OpenApi = ReturnType<typeof createDocument>;

/** The OpenAPI 3.1 document, from the very schemas that validate requests. */
export function makeOpenApi(routes: readonly Route[]): OpenApi {
  const paths: ZodOpenApiPathsObject = {};
  const [successesOf, problemsOf] = [makeSuccessResponses(), makeProblemResponses()];
  for (const { method, path, spec } of routes) {
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    const isRead = method === 'GET';
    const responses = { ...successesOf(spec, isRead), ...problemsOf(spec) };
    paths[name] = {
      ...paths[name],
      [method.toLowerCase()]: { ...operationOf(spec, isRead), responses },
    };
  }
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Edge Accounts',
        version,
        description: 'Account and user look-ups for a multi-tenant platform, answered at the edge.',
        contact: { name: 'The operators of this deployment' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'The host that answered this document.' }],
      tags,
      components: { securitySchemes: { key } },
      paths,
    },
    { override: shorten },
  );
}

const key = {
  type: 'http',
  scheme: 'bearer',
  description: 'An API key, such as `ea_production_12_…`.',
} as const;

// A format says the same as the long pattern that Zod adds to it. Every JSON number has the bounds of a safe integer.
const shorten: ZodOpenApiOverride = ({ jsonSchema }) => {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.minLength === 0) delete jsonSchema.minLength;
  // An object is open anyway.
  if (isEmpty(jsonSchema.additionalProperties)) delete jsonSchema.additionalProperties;
};

function isEmpty(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0;
}

function operationOf(spec: AnyEndpointSpec, isRead: boolean): Omit<ZodOpenApiOperationObject, 'responses'> {
  const documented = spec.implements && `Implements \`${spec.implements}\`.`;
  const right = spec.scope !== 'open' && `Needs the scope \`${spec.scope}\`.`;
  return {
    operationId: spec.operationId,
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
  };
}

function bodyOf({ jsonTypes = JSON_TYPES, isBodyOptional = false }: AnyEndpointSpec, schema: z.ZodType) {
  return {
    required: !isBodyOptional,
    content: Object.fromEntries(jsonTypes.map((type) => [type, { schema }])),
  };
}

import type * as z from 'zod';
import { version } from '../../../package.json';
import { type AnyEndpointSpec, JSON_TYPES } from '../spec.ts';
import { type Components, makeComponents } from './components.ts';
import { parametersOf } from './parameters.ts';
import { problemResponsesOf } from './problems.ts';
import type { Route } from '../endpoint/registry.ts';
import { successResponsesOf } from './successes.ts';
import { tags } from './tags.ts';

/** The OpenAPI 3.1 document, from the very schemas that validate requests. */
export function makeOpenApi(routes: readonly Route[]) {
  const components = makeComponents();
  const paths: Record<string, object> = {};
  for (const { method, path, spec } of routes) {
    const name = path.replaceAll(/:(\w+)/g, '{$1}');
    const operation = operationOf(components, spec, method === 'GET');
    paths[name] = { ...paths[name], [method.toLowerCase()]: operation };
  }
  return {
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
    components: { securitySchemes: { key }, ...components.shared },
    paths,
  };
}

const key = {
  type: 'http',
  scheme: 'bearer',
  description: 'An API key, such as `ea_production_12_…`.',
};

function operationOf(components: Components, spec: AnyEndpointSpec, isRead: boolean): object {
  const documented = spec.implements && `Implements \`${spec.implements}\`.`;
  const also = spec.alsoScope ? ` and \`${spec.alsoScope}\`` : '';
  const right = spec.scope !== 'open' && `Needs the scope \`${spec.scope}\`${also}.`;
  const parameters = parametersOf(components, spec, isRead);
  return {
    operationId: spec.operationId,
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, documented, right].filter(Boolean).join(' '),
    security: spec.scope === 'open' ? [] : [{ key: [] }],
    parameters,
    ...(spec.json && { requestBody: bodyOf(components, spec, spec.json) }),
    responses: {
      ...successResponsesOf(components, spec, isRead),
      ...problemResponsesOf(components, spec),
    },
  };
}

function bodyOf(
  components: Components,
  { jsonTypes = JSON_TYPES, isBodyOptional = false }: AnyEndpointSpec,
  json: z.ZodType,
): object {
  const schema = components.describe(json, 'input');
  return {
    required: !isBodyOptional,
    content: Object.fromEntries(jsonTypes.map((type) => [type, { schema }])),
  };
}

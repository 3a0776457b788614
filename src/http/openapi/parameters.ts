import * as z from 'zod';
import type { AnyEndpointSpec } from '../spec.ts';
import type { Components } from './components.ts';
import { requestHeadersOf } from './headers.ts';

/** The parameters of a route: in its path, in its query and in headers. */
export function parametersOf(components: Components, spec: AnyEndpointSpec, isRead: boolean): object[] {
  return [
    ...namedParameters(components, 'path', spec.path),
    ...namedParameters(components, 'query', spec.query),
    ...Object.entries(requestHeadersOf(spec, isRead)).map(([name, { id, part }]) =>
      components.share('parameters', id, { in: 'header', name, ...part }),
    ),
  ];
}

function namedParameters(components: Components, place: 'path' | 'query', schema?: z.ZodObject): object[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = components.describe(schema, 'input');
  return Object.entries(properties).map(([name, described]) => {
    const { description: ofSchema, param: { id, description = ofSchema } = {} } = metaOf(schema.shape[name]);
    const parameter = {
      in: place,
      name,
      schema: described,
      ...(description !== undefined && { description }),
      ...(required.includes(name) && { required: true }),
    };
    return id === undefined ? parameter : components.share('parameters', id, parameter);
  });
}

function metaOf(schema: z.core.$ZodType | undefined): z.GlobalMeta {
  return (schema && z.globalRegistry.get(schema)) ?? {};
}

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
    const meta = metaOf(schema.shape[name]);
    const description = meta.param?.description ?? meta.description;
    // JSON leaves out what is undefined, and a parameter of which nothing is said is not required.
    const isRequired = required.includes(name) || undefined;
    const parameter = { in: place, name, schema: described, description, required: isRequired };
    return meta.param?.id === undefined
      ? parameter
      : components.share('parameters', meta.param.id, parameter);
  });
}

function metaOf(schema: z.core.$ZodType | undefined): z.GlobalMeta {
  return (schema && z.globalRegistry.get(schema)) ?? {};
}

import type { HonoRequest } from 'hono';
import * as z from 'zod';
import { type Parameters, parametersByPath } from '../memo.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { type Fault, faultsOf } from '../response/problem.ts';

/** Parses as `parseParameters` does, and keeps the valid parameters of a look-up's path for the next request. */
export function parseParametersCached(spec: AnyEndpointSpec, req: HonoRequest, faults: Fault[]): Parameters {
  if (!spec.lookUp || hasQuery(req)) return parseParameters(spec, req, faults);
  const cached = parametersByPath.get(req.path);
  if (cached?.spec === spec) return cached.parameters;
  const parameters = parseParameters(spec, req, faults);
  if (faults.length === 0) parametersByPath.set(req.path, { spec, parameters });
  return parameters;
}

/** Parses the parameters of a request by its spec, and adds what is wrong with them to the faults. */
export function parseParameters(
  { path, query }: Pick<AnyEndpointSpec, 'path' | 'query'>,
  req: HonoRequest,
  faults: Fault[],
): Parameters {
  if (hasQuery(req)) faults.push(...findRepeated(req));
  const isSafe = req.method === 'GET' || req.method === 'HEAD';
  // A mistyped name must neither change rows nor make a filtered list one of everybody.
  const querySchema = isSafe && !isList(query) ? query : strictOf(query);
  return {
    param: parsePart('path', path, req.param(), faults),
    query: parsePart('query', querySchema, req.query(), faults),
  };
}

const NOTHING = z.object({});
const strict = new WeakMap<z.ZodObject, z.ZodObject>();

/** The schema, refusing parameters that it does not name. It is made once, because a schema compiles itself when it first parses. */
function strictOf(schema: z.ZodObject = NOTHING): z.ZodObject {
  const known = strict.get(schema);
  if (known) return known;
  const made = schema.strict();
  strict.set(schema, made);
  return made;
}

function isList(schema: z.ZodObject | undefined): boolean {
  return schema !== undefined && 'limit' in schema.shape;
}

export function hasQuery({ url }: HonoRequest): boolean {
  return url.includes('?');
}

function parsePart(
  place: 'path' | 'query',
  schema: z.ZodObject | undefined,
  raw: unknown,
  faults: Fault[],
): Record<string, unknown> {
  if (!schema) return {};
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const found = faultsOf(place, result.error);
  const detail = `is not a parameter of this list; it takes ${Object.keys(schema.shape).join(', ')}`;
  for (const fault of found)
    faults.push(isList(schema) && !Object.hasOwn(schema.shape, fault.name) ? { ...fault, detail } : fault);
  return {};
}

function findRepeated(req: HonoRequest): Fault[] {
  const repeated = Object.entries(req.queries()).filter(([, values]) => values.length > 1);
  return repeated.map(([name]) => ({ in: 'query', name, detail: 'is given more than once' }));
}

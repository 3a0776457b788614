import type { HonoRequest } from 'hono';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import type { AnyEndpointSpec } from '../spec.ts';
import { type Fault, faultsOf } from '../response/problem.ts';

/** The parameters of a request, parsed. */
interface Parameters {
  readonly param: Record<string, unknown>;
  readonly query: Record<string, unknown>;
}

/** Parsed paths that an isolate keeps, some 300 bytes each; longer ones are no usual look-ups. */
const MAX_PATHS = 1_000;
const MAX_PATH_LENGTH = 100;

/** Parameters by path: most requests ask for what has been asked for. */
const parsed = new LRUCache<string, { readonly spec: AnyEndpointSpec; readonly parameters: Parameters }>({
  max: MAX_PATHS,
});

/** As `parseParameters`, which need not parse a path again that it has found to be good. */
export function parseParametersOnce(spec: AnyEndpointSpec, req: HonoRequest, faults: Fault[]): Parameters {
  const isPlain = spec.lookUp !== undefined && req.path.length <= MAX_PATH_LENGTH && !hasQuery(req);
  if (!isPlain) return parseParameters(spec, req, faults);
  const known = parsed.get(req.path);
  if (known?.spec === spec) return known.parameters;
  const parameters = parseParameters(spec, req, faults);
  if (faults.length === 0) parsed.set(req.path, { spec, parameters });
  return parameters;
}

/** The parameters of a request as the spec has them; what is wrong with them is added to the faults. */
export function parseParameters(
  { path, query }: Pick<AnyEndpointSpec, 'path' | 'query'>,
  req: HonoRequest,
  faults: Fault[],
): Parameters {
  if (hasQuery(req)) faults.push(...findRepeated(req));
  return {
    param: parsePart('path', path, req.param(), faults),
    query: parsePart('query', isSafe(req) ? strictIfList(query) : strictOf(query), req.query(), faults),
  };
}

const NOTHING = z.object({});
const strict = new WeakMap<z.ZodObject, z.ZodObject>();

/** The schema, refusing parameters that it does not name. Made once: a schema compiles itself when it first parses. */
function strictOf(schema: z.ZodObject = NOTHING): z.ZodObject {
  const known = strict.get(schema);
  if (known) return known;
  const made = schema.strict();
  strict.set(schema, made);
  return made;
}

// A list with a mistyped filter would be one of everybody.
function strictIfList(schema: z.ZodObject | undefined): z.ZodObject | undefined {
  return schema && isList(schema) ? strictOf(schema) : schema;
}

function isList({ shape }: z.ZodObject): boolean {
  return 'limit' in shape;
}

export function hasQuery({ url }: HonoRequest): boolean {
  return url.includes('?');
}

// A change must not be made because of a parameter whose name is mistyped.
function isSafe({ method }: HonoRequest): boolean {
  return method === 'GET' || method === 'HEAD';
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
  faults.push(...(isList(schema) ? found.map((fault) => nameKnown(fault, schema)) : found));
  return {};
}

function nameKnown(fault: Fault, { shape }: z.ZodObject): Fault {
  if (Object.hasOwn(shape, fault.name)) return fault;
  return { ...fault, detail: `is no parameter of this list, which takes ${Object.keys(shape).join(', ')}` };
}

function findRepeated(req: HonoRequest): Fault[] {
  const repeated = Object.entries(req.queries()).filter(([, values]) => values.length > 1);
  return repeated.map(([name]) => ({ in: 'query', name, detail: 'is given more than once' }));
}

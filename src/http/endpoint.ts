import type { HonoRequest, MiddlewareHandler } from 'hono';
import * as z from 'zod';
import type { KeyedLookUp } from '../cache/cache.ts';
import { makeDeps } from '../deps.ts';
import type { Deps } from '../directory/deps.ts';
import type { AppEnv } from './app-env.ts';
import { refuseKeyInQuery, requireKey } from './auth.ts';
import { badRequest, type Fault, type ProblemCode } from './problem.ts';
import { parseReadDemands } from './read-demands.ts';

/** Everything that validation and the OpenAPI document need to know of a route. */
export interface EndpointSpec<P extends z.ZodObject, Q extends z.ZodObject> {
  readonly summary: string;
  readonly description?: string;
  /** The documented function of the original platform that the route answers. */
  readonly implements?: string;
  readonly tag: string;
  readonly path?: P;
  readonly query?: Q;
  /** Schema of the 200 body. */
  readonly body: z.ZodType;
  /** The route can answer 201 as well, with the same body. */
  readonly creates?: boolean;
  /** The route can answer 503 as well, with the same body. */
  readonly unready?: boolean;
  /** The body is a page, not JSON. */
  readonly html?: boolean;
  /** What the route throws, besides what every route does. */
  readonly errors?: readonly ProblemCode[];
  /** Answers without a key. */
  readonly open?: boolean;
  /** The demands of a read may be given, though the route is none. */
  readonly demands?: boolean;
  /**
   * The look-up of a route that reads through the cache: demands in, `Cache-Status` and `ETag` out. Null when this
   * request looks nothing up. A method, for specs of all parameters go into one list.
   */
  lookUp?(deps: Deps, input: LookUpInput<P, Q>): KeyedLookUp | null;
}

export type AnyEndpointSpec = EndpointSpec<z.ZodObject, z.ZodObject>;

export interface LookUpInput<P extends z.ZodObject, Q extends z.ZodObject> {
  readonly param: z.output<P>;
  readonly query: z.output<Q>;
  readonly url: string;
  readonly env: object;
}

type Input<P extends z.ZodObject, Q extends z.ZodObject> = {
  in: { param: z.input<P>; query: z.input<Q> };
  out: { param: z.output<P>; query: z.output<Q> };
};

const specs = new WeakMap<object, AnyEndpointSpec>();

/** The spec that a registered handler was made from, if it is an endpoint's. */
export function specOf(handler: object): AnyEndpointSpec | undefined {
  return specs.get(handler);
}

/**
 * The first handler of every route: asks for the key unless the route is open, then validates path, query, headers and the
 * absence of a body together, so that a caller hears of every fault at once.
 */
export function endpoint<P extends z.ZodObject = z.ZodObject<{}>, Q extends z.ZodObject = z.ZodObject<{}>>(
  spec: EndpointSpec<P, Q>,
): MiddlewareHandler<AppEnv, string, Input<P, Q>> {
  const handler: MiddlewareHandler<AppEnv, string, Input<P, Q>> = async (c, next) => {
    refuseKeyInQuery(c.req);
    if (!spec.open) await requireKey(c);
    const faults = await findBodyFaults(c.req);
    const { param, query } = parseParameters(spec, c.req, faults);
    const demands = parseReadDemands(c.req.raw.headers, faults);
    if (faults.length > 0) throw badRequest(faults);
    c.req.addValidatedData('param', param);
    c.req.addValidatedData('query', query);
    c.set('read', { ...demands, trace: {} });
    if (spec.lookUp) c.set('deps', makeDeps(c.env, c.executionCtx));
    await next();
  };
  specs.set(handler, spec);
  return handler;
}

/** The parameters of a request as the spec has them; what is wrong with them is added to the faults. */
export function parseParameters(
  { path, query }: Pick<AnyEndpointSpec, 'path' | 'query'>,
  req: HonoRequest,
  faults: Fault[],
) {
  faults.push(...findRepeated(req));
  return {
    param: parsePart('path', path, req.param(), faults),
    query: parsePart('query', query, req.query(), faults),
  };
}

function parsePart(
  place: 'path' | 'query',
  schema: z.ZodObject | undefined,
  raw: unknown,
  faults: Fault[],
): Record<string, unknown> {
  const result = (schema ?? z.object({})).safeParse(raw);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    faults.push({ in: place, name: path.join('.'), detail: message });
  }
  return {};
}

function findRepeated(req: HonoRequest): Fault[] {
  const repeated = Object.entries(req.queries()).filter(([, values]) => values.length > 1);
  return repeated.map(([name]) => ({ in: 'query', name, detail: 'is given more than once' }));
}

async function findBodyFaults(req: HonoRequest): Promise<Fault[]> {
  const isAnnounced = Number(req.header('Content-Length') ?? '0') > 0;
  const hasBody = isAnnounced || (req.raw.body !== null && (await hasBytes(req.raw.body)));
  return hasBody ? [{ in: 'body', name: 'body', detail: 'this request takes no body' }] : [];
}

// Many clients send an empty body with a PUT; only its first byte makes it one.
async function hasBytes(body: ReadableStream<Uint8Array>): Promise<boolean> {
  for await (const chunk of body) if (chunk.length > 0) return true;
  return false;
}

import type { Context, MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import { makeDeps } from '../../deps.ts';
import { accountNumberIn, accountNumberOf } from '../../directory/about.ts';
import { requireScope } from '../../directory/caller.ts';
import { requireVisible } from '../../directory/visibility.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import { authenticate, refuseKeyInUrl } from '../auth/authenticate.ts';
import type { AnyEndpointSpec, EndpointInput, EndpointSpec } from '../spec.ts';
import { parseIdempotencyKey } from '../request/idempotency-key.ts';
import { parseJson, readJsonText, refuseBody } from '../request/json-body.ts';
import { refuseOtherCursor } from '../request/list-parameters.ts';
import { parseParametersCached } from '../request/path-and-query.ts';
import { parsePrecondition } from '../request/preconditions.ts';
import { badRequest, type Fault, faultsOf } from '../response/problem.ts';
import { limitAddress, limitCaller } from '../auth/rate-limit.ts';
import { parseReadDemands } from '../request/read-demands.ts';

/** A part of the request, under its name in the arguments of the typed client; left out when the schema has no field. */
type Part<Name extends string, S extends z.ZodObject> = keyof S['shape'] extends never
  ? {}
  : {} extends z.input<S>
    ? { [name in Name]?: z.input<S> }
    : { [name in Name]: z.input<S> };

/** The input that a route validates and hands to its handler, in Hono's notation. */
export type EndpointTypes<
  P extends z.ZodObject = z.ZodObject<{}>,
  Q extends z.ZodObject = z.ZodObject<{}>,
  J extends z.ZodType = z.ZodUndefined,
> = {
  in: Part<'param', P> & Part<'query', Q> & (z.ZodUndefined extends J ? {} : { json: z.input<J> });
  out: { param: z.output<P>; query: z.output<Q>; json: z.output<J> };
};

const specs = new WeakMap<object, AnyEndpointSpec>();

/** The spec of a registered handler; undefined when `endpoint` did not make it. */
export function specOf(handler: object): AnyEndpointSpec | undefined {
  return specs.get(handler);
}

/**
 * Makes the first handler of a route. It authenticates the caller and requires the scope, unless the route is open. It then
 * validates path, query, headers and body together, so that one answer lists every fault. At last it requires that the caller
 * may see the subject of the request.
 */
export function endpoint<
  P extends z.ZodObject = z.ZodObject<{}>,
  Q extends z.ZodObject = z.ZodObject<{}>,
  J extends z.ZodType = z.ZodUndefined,
>(spec: EndpointSpec<P, Q, J>): MiddlewareHandler<AppEnv, string, EndpointTypes<P, Q, J>> {
  const handler: MiddlewareHandler<AppEnv, string, EndpointTypes<P, Q, J>> = async (c, next) => {
    refuseKeyInUrl(c.req);
    const needsDeps = spec.scope !== 'open' || spec.lookUp;
    const deps = needsDeps && makeDeps(c.env, c.executionCtx, requireIsolate(c), c.get('requestId'));
    if (deps) c.set('deps', deps);
    try {
      await admit(c, spec);
      await next();
    } finally {
      if (deps) deps.afterwards.begin();
    }
  };
  specs.set(handler, spec);
  return handler;
}

async function admit(c: Context<AppEnv>, spec: AnyEndpointSpec): Promise<void> {
  if (spec.scope === 'open') await limitAddress(c);
  else {
    const caller = await authenticate(c);
    c.set('caller', caller);
    c.get('deps').askFor?.(caller);
    await limitCaller(c, caller);
    requireScope(caller, spec.scope);
    if (spec.alsoScope) requireScope(caller, spec.alsoScope);
  }
  const input = await parseInput(c, spec);
  c.set('about', accountNumberIn(input.json) ?? accountNumberIn(input.query));
  if (spec.scope !== 'open') await requireRights(c, spec, input);
}

async function parseInput(c: Context<AppEnv>, spec: AnyEndpointSpec) {
  const faults: Fault[] = [];
  const json = await parseBody(c, spec, faults);
  const { param, query } = parseParametersCached(spec, c.req, faults);
  const demands = parseReadDemands(c.req.raw.headers, faults);
  const accountNumber = spec.scope === 'open' ? null : c.get('caller').accountNumber;
  await refuseOtherCursor(spec, { param, query, accountNumber }, c.env, faults);
  if (spec.precondition) c.set('precondition', parsePrecondition(c.req, spec, query, faults));
  if (spec.idempotent) c.set('idempotency', await parseIdempotencyKey(c.req, json.text, faults));
  if (faults.length > 0) throw badRequest(faults);
  c.req.addValidatedData('param', param);
  c.req.addValidatedData('query', query);
  // Every schema of a body parses to an object.
  c.req.addValidatedData('json', json.value as object);
  c.set('read', { ...demands, trace: {} });
  return { param, query, json: json.value, url: c.req.url, env: c.env, accountNumber };
}

async function requireRights(
  c: Context<AppEnv>,
  spec: AnyEndpointSpec,
  input: EndpointInput<z.ZodObject, z.ZodObject, z.ZodType>,
): Promise<void> {
  const [deps, caller, read] = [c.get('deps'), c.get('caller'), allowedDemands(c.var)];
  c.set('read', read);
  const isRead = Boolean(spec.lookUp ?? spec.demands);
  const subject = spec.subject?.(input) ?? null;
  if (c.get('about') === null) c.set('about', accountNumberOf(subject));
  if (subject) await requireVisible(deps, caller, subject, isRead ? read : { token: read.token });
}

// Browsers send `no-cache` by themselves. For a caller without the right to drop shared entries it only skips memory.
function allowedDemands({ read, caller }: AppEnv['Variables']): AppEnv['Variables']['read'] {
  if (!read.reload || caller.scopes.has('cache:invalidate')) return read;
  return { ...read, reload: false, maxAgeMs: 0 };
}

const NO_BODY = { text: '', value: undefined };

async function parseBody(c: Context<AppEnv>, spec: AnyEndpointSpec, faults: Fault[]) {
  if (!spec.json) {
    await refuseBody(c.req, faults);
    return NO_BODY;
  }
  const text = await readJsonText(c.req, spec);
  const result = spec.json.safeParse(spec.isBodyOptional && text === '' ? {} : parseJson(text));
  if (result.success) return { text, value: result.data };
  faults.push(...faultsOf('body', result.error));
  return { text, value: undefined };
}

import type { Hono } from 'hono';
import { HonoRequest } from 'hono/request';
import type { ExplainedAccountNumber } from '../../directory/accounts/explain-account-number.ts';
import type { KeyedLookUp } from '../../cache/look-up.ts';
import { CACHED_PAGE_SIZES } from '../../directory/page.ts';
import type { AppEnv } from '../app-env.ts';
import { refuseKeyInUrl } from '../auth/authenticate.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { specOf } from '../endpoint/endpoint.ts';
import { refuseOtherCursor } from '../request/list-parameters.ts';
import { parseParameters } from '../request/path-and-query.ts';
import { requireDecodable } from '../request/percent-encoding.ts';
import { badRequest, type Fault, ProblemError } from '../response/problem.ts';

export type FoundLookUp = {
  /** In Hono's notation. */
  readonly route: string;
} & ({ readonly lookUp: KeyedLookUp } | { readonly explained: ExplainedAccountNumber });

/**
 * The look-up that a GET of the URL makes, by the router and the schemas that serve it, or the explanation of one that asks no
 * store; throws a problem when it makes none.
 */
export async function findLookUp(app: Hono<AppEnv>, url: URL, env: object): Promise<FoundLookUp> {
  try {
    requireDecodable(url);
    const { spec, route, req } = matchRoute(app, url);
    refuseKeyInUrl(req);
    const faults: Fault[] = [];
    // Only callers that see all accounts may ask for explanations.
    const input = { ...parseParameters(spec, req, faults), accountNumber: null };
    await refuseOtherCursor(spec, input, env, faults);
    if (faults.length > 0) throw badRequest(faults);
    const asked = { ...input, json: undefined, url: url.href, env };
    if (spec.explain) return { route, explained: spec.explain(asked) };
    if (!spec.lookUp) throw badPath(`${route} is answered without a cache`);
    const lookUp = spec.lookUp(asked);
    if (!lookUp)
      throw badPath(
        spec.list ? PAST_THE_CACHES : `the host ${url.hostname} names no account, so nothing is looked up`,
      );
    return { route, lookUp };
  } catch (error) {
    throw error instanceof ProblemError ? asFaultOfPath(error) : error;
  }
}

const PAST_THE_CACHES = `pages of other limits than ${CACHED_PAGE_SIZES.join(', ')}, and after cursors of other limits, are read past the caches`;

interface Match {
  readonly spec: AnyEndpointSpec;
  readonly route: string;
  readonly req: HonoRequest;
}

function matchRoute(app: Hono<AppEnv>, { origin, pathname, search }: URL): Match {
  // Without user info and fragment, which no request carries.
  const request = new Request(`${origin}${pathname}${search}`);
  const path = app.getPath(request);
  const matched = app.router.match('GET', path);
  const req = new HonoRequest(request, path, matched);
  for (const [index, [[handler, { path: route }]]] of matched[0].entries()) {
    const spec = specOf(handler);
    if (!spec) continue;
    // `req.param()` returns the parameters of this route.
    req.routeIndex = index;
    return { spec, route, req };
  }
  throw badPath('there is no such path; see /docs');
}

function badPath(detail: string): ProblemError {
  return badRequest([{ in: 'query', name: 'path', detail }]);
}

// Every fault inside the path is a fault of the parameter `path`.
function asFaultOfPath({ errors }: ProblemError): ProblemError {
  const details = errors.map(({ name, detail }) => (name === 'path' ? detail : `${name} ${detail}`));
  return badRequest(details.map((detail) => ({ in: 'query', name: 'path', detail })));
}

import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { explain } from '../../cache/explain/explain.ts';
import { makeDeps } from '../../deps.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { ExplainedUrl, Explanation } from './schema.ts';
import { toExplainedUrl, toExplanation } from './body.ts';
import { findLookUp } from './find-look-up.ts';
import { badRequest } from '../response/problem.ts';

const PATH_FAULT = 'must be a path that begins with / or an http or https URL';

const getExplanationRoute = endpoint({
  operationId: 'explainRead',
  tag: 'Operations',
  summary: 'Explain which tier would answer a read now',
  description:
    'Shows the entries of memory and Redis for the path, with age, lifetime, tags and the last invalidations, but without the data. It loads, fills and leases nothing. It describes the isolate that answers. `Cache-Control` and `Consistency-Token` are the demands of the explained read. It costs one request to Redis at most.',
  query: z.object({
    path: z
      .string('is required')
      .regex(/^(?:\/|https?:\/\/)/i, PATH_FAULT)
      .meta({
        description:
          'The path of any cached look-up, percent-encoded, with its query; or a whole URL, as `/v1/context` needs one. That of `/v1/account-number` explains the choice of the label.',
        example: '/v1/accounts/1234-5678-9012/users?limit=20',
      }),
  }),
  scope: 'directory:read',
  subject: () => ({ kind: 'everything' }),
  body: z.union([Explanation, ExplainedUrl]),
  demands: true,
});

/** The route that explains the routes of the app. */
export function makeExplain(app: () => Hono<AppEnv>) {
  return new Hono<AppEnv>().get('/v1/explain', getExplanationRoute, async (c) => {
    const { path } = c.req.valid('query');
    const deps = makeDeps(c.env, c.executionCtx, requireIsolate(c), c.get('requestId'));
    const found = await findLookUp(app(), resolveUrl(path, c.req.url), c.env);
    const body =
      'lookUp' in found
        ? toExplanation({
            path,
            ...found,
            explanation: await explain(deps.cache, found.lookUp, c.get('read')),
          })
        : toExplainedUrl({ path, ...found, nowMs: deps.cache.clock.now() });
    c.header('Cache-Control', 'no-store');
    c.header('Content-Type', 'application/json');
    // Indented, because people read it.
    return c.body(JSON.stringify(body, null, 2));
  });
}

// Joined, not resolved: `//host/…` is a path here, not another host.
function resolveUrl(path: string, requestUrl: string): URL {
  const url = URL.parse(path.startsWith('/') ? `${new URL(requestUrl).origin}${path}` : path);
  if (!url) throw badRequest([{ in: 'query', name: 'path', detail: PATH_FAULT }]);
  return url;
}

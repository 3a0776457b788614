import { Hono } from 'hono/tiny';
import * as z from 'zod';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { makeOpenApi } from './document.ts';
import { once } from '../../lib/once.ts';
import { DOCS_POLICY, docsPage } from '../pages/docs.ts';
import type { Route } from '../endpoint/registry.ts';

const tag = 'Documentation';

const getOpenApiRoute = endpoint({
  operationId: 'getOpenApiDocument',
  tag,
  summary: 'This description, as OpenAPI 3.1',
  description: 'Made from the same schemas that validate the requests.',
  body: z.looseObject({ openapi: z.string() }),
  scope: 'open',
});

const getDocsRoute = endpoint({
  operationId: 'getDocsPage',
  tag,
  summary: 'This description, as a page',
  description: 'A reference with search, examples in several languages and a client that sends requests.',
  body: z.string(),
  html: true,
  scope: 'open',
});

/** The OpenAPI document, made from the routes when first asked for, and the page that shows it. */
export function makeDocumentation(routes: () => Route[]) {
  const openApi = once(() => makeOpenApi(routes()));
  return new Hono<AppEnv>()
    .get('/openapi.json', getOpenApiRoute, (c) => c.json(openApi()))
    .get('/docs', getDocsRoute, (c) => {
      c.header('Content-Security-Policy', DOCS_POLICY);
      return c.html(docsPage);
    });
}

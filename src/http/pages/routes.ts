import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono/tiny';
import type { AppEnv } from '../app-env.ts';
import { refuseKeyInUrl } from '../auth/authenticate.ts';
import { limitAddress } from '../auth/rate-limit.ts';
import { LANDING_POLICY, landingPage } from './landing.ts';

// Browsers name the type. Programs that accept anything get the problem of an unknown path, as JSON.
function answerLanding(c: Context<AppEnv>) {
  if (!c.req.header('Accept')?.includes('text/html')) return c.notFound();
  c.header('Vary', 'Accept');
  c.header('Content-Security-Policy', LANDING_POLICY);
  return c.html(landingPage);
}

// Assets pass through the Worker, so that they have the headers of every other answer.
async function answerAsset(c: Context<AppEnv>) {
  // A deployment may leave the assets out.
  const { ASSETS } = c.env as Partial<Env>;
  const found = await ASSETS?.fetch(c.req.raw);
  return found && found.status !== 404 ? new Response(found.body, found) : c.notFound();
}

// A page is as open as an endpoint without a key, and limited like one.
const guard: MiddlewareHandler<AppEnv> = async (c, next) => {
  refuseKeyInUrl(c.req);
  await limitAddress(c);
  await next();
};

/** The pages for people, and the assets of all pages. */
export const pages = new Hono<AppEnv>()
  .get('/', guard, answerLanding)
  .get('/page.css', guard, (c) => answerAsset(c))
  .get('/docs/:file', guard, (c) => answerAsset(c));

import { type Context, Hono } from 'hono';
import type { AppEnv } from '../app-env.ts';
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

/** The pages for people, and the assets of all pages. */
export const pages = new Hono<AppEnv>()
  .get('/', answerLanding)
  .get('/page.css', (c) => answerAsset(c))
  .get('/docs/:file', (c) => answerAsset(c));

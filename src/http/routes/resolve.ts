import type { TypedResponse } from 'hono';
import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { settingsOf } from '../../deps.ts';
import { ResolvedUrl, resolveUrl, SoughtUrl } from '../../directory/resolve/resolve-url.ts';
import { ResolvedUser, resolveUser, SoughtUserName } from '../../directory/resolve/resolve-user.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { noteAbout } from '../response/answer.ts';
import { withRule } from '../request/list-parameters.ts';

const AnyResolveQuery = z.strictObject({
  url: SoughtUrl.optional().meta({ param: { description: 'A URL or a host.' } }),
  user: SoughtUserName.optional().meta({
    param: { description: 'An id, username, e-mail address or external id; or one by its kind: `id:3`.' },
  }),
});

const ResolveQuery = withRule(AnyResolveQuery, {
  concerns: ['url', 'user'],
  holds: ({ url, user }) => (url === undefined) !== (user === undefined),
  names: ['url', 'user'],
  detail: 'give exactly one of url and user',
});

const getResolution = endpoint({
  operationId: 'resolveUrlOrUser',
  tag: 'Operations',
  summary: 'Why a URL or a user gets its account',
  description: '`changes` need `audit:read`.',
  scope: 'directory:read',
  // A caller who may not see the account or the user gets what it would get if there were none.
  subject: () => null,
  query: ResolveQuery,
  body: z.union([ResolvedUrl, ResolvedUser]),
  errors: ['ambiguous', 'user_does_not_exist'],
  demands: true,
  tiered: true,
});

export const resolve = new Hono<AppEnv>().get('/v1/resolve', getResolution, async (c) => {
  const { url, user } = c.req.valid('query');
  const { deps, caller, read } = c.var;
  const suffixes = settingsOf(c.env).ACCOUNT_HOST_SUFFIXES;
  const resolved =
    url === undefined
      ? await resolveUser(deps, caller, user ?? '', read)
      : await resolveUrl(deps, caller, { url, suffixes }, read);
  noteAbout(c, resolved);
  const headers = { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' };
  const response: Response = c.body(JSON.stringify(resolved), 200, headers);
  // Hono's own type of this JSON is too deep for the compiler.
  return response as Response & TypedResponse<ResolvedUrl | ResolvedUser, 200, 'json'>;
});

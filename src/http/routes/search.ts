import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { DEFAULT_FOUND, MAX_FOUND, searchDirectory, SearchResults, Sought } from '../../directory/search.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { answerFound } from '../response/answer.ts';
import { asInteger } from '../request/parameters.ts';

const LIMIT_FAULT = `must be a whole number from 1 to ${MAX_FOUND}`;

const searchRoute = endpoint({
  operationId: 'searchDirectory',
  tag: 'Operations',
  summary: 'Search accounts and users',
  description:
    'By number, company, username, e-mail address, name and external id, without regard to case and accents. Each word begins a word of the result or, from three characters, is any part. The best come first.',
  scope: 'directory:read',
  subject: () => ({ kind: 'search' }),
  uncached: true,
  query: z.strictObject({
    q: Sought.meta({ param: { description: 'One or more words.' } }),
    limit: z
      .string()
      .regex(/^[1-9][0-9]?$/, { error: LIMIT_FAULT, abort: true })
      .transform(Number)
      .refine((limit) => limit <= MAX_FOUND, LIMIT_FAULT)
      .default(DEFAULT_FOUND)
      .meta({
        override: asInteger({ minimum: 1, maximum: MAX_FOUND, default: DEFAULT_FOUND }),
        param: { description: 'Maximum number of accounts, and of users.' },
      }),
  }),
  body: SearchResults,
});

export const search = new Hono<AppEnv>().get('/v1/search', searchRoute, async (c) => {
  const found = await searchDirectory(c.get('deps'), c.get('caller'), c.req.valid('query'), c.get('read'));
  return answerFound(c, found);
});

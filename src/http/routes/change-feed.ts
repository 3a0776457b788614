import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { decodeCursor, NO_CURSOR, sealCursor, type SentCursor } from '../../cursor.ts';
import {
  Change,
  cursorOf,
  FedKind,
  kindsOf,
  listChanges,
  MAX_WAIT_S,
  nameOfFeed,
  numberOf,
} from '../../directory/change-feed.ts';
import type { AppEnv } from '../app-env.ts';
import { limitMany } from '../auth/rate-limit.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { asInteger, Limit } from '../request/parameters.ts';

const LATEST = 'latest' as const;
/** Each second of a wait asks Postgres once, and counts as a request against the limit of the caller. */
const LOOK_UPS_PER_ASK = 10;
const NO_WAIT = `must be a whole number of seconds from 0 to ${MAX_WAIT_S}`;

function parseAfter(text: string, ctx: z.RefinementCtx): SentCursor | typeof LATEST {
  return text === LATEST ? LATEST : (decodeCursor(text) ?? (ctx.addIssue(NO_CURSOR), z.NEVER));
}

function parseKinds(text: string, ctx: z.RefinementCtx) {
  const { success, data } = z.array(FedKind).safeParse(text.split(','));
  if (success) return kindsOf(data);
  ctx.addIssue(`must be some of ${FedKind.options.join(', ')}, separated by commas`);
  return z.NEVER;
}

const ChangesQuery = z.object({
  after: z
    .string()
    .transform(parseAfter)
    .optional()
    .meta({
      param: {
        description: '`nextCursor` of the page before, or `latest`; else from the oldest kept.',
      },
    }),
  limit: Limit,
  kinds: z
    .string()
    .transform(parseKinds)
    .optional()
    .meta({ param: { description: 'Some of the kinds, with commas; the same for each cursor.' } }),
  wait: z
    .string()
    .regex(/^[0-9]{1,2}$/, { error: NO_WAIT, abort: true })
    .transform(Number)
    .refine((seconds) => seconds <= MAX_WAIT_S, NO_WAIT)
    .default(0)
    .meta({
      override: asInteger({ minimum: 0, maximum: MAX_WAIT_S, default: 0 }),
      param: { description: 'Seconds to wait for a change.' },
    }),
});

const listChangesRoute = endpoint({
  operationId: 'listChanges',
  tag: 'Audit',
  summary: 'Every change of accounts, users and profiles, in order',
  description:
    'All is seen when `nextCursor` is the cursor that was sent. A bound caller sees its account and who is a member then.',
  scope: 'audit:read',
  subject: () => ({ kind: 'changes' }),
  query: ChangesQuery,
  list: ({ query, accountNumber }) => nameOfFeed(query.kinds ?? null, accountNumber),
  body: z.object({ items: z.array(Change), nextCursor: z.string() }).meta({ id: 'ChangeList' }),
  errors: ['cursor_expired'],
});

export const changeFeed = new Hono<AppEnv>().get('/v1/changes', listChangesRoute, async (c) => {
  const { after, limit, kinds = null, wait } = c.req.valid('query');
  const { accountNumber: within } = c.get('caller');
  await limitMany(c, c.get('caller'), LOOK_UPS_PER_ASK * (1 + wait));
  const from = typeof after === 'object' ? numberOf(after) : (after ?? null);
  const asked = { after: from, kinds, within, limit };
  const { items, upTo } = await listChanges(c.get('deps'), asked, wait, c.get('read'), c.req.raw.signal);
  const nextCursor = await sealCursor(c.env, nameOfFeed(kinds, within), cursorOf(upTo));
  c.header('Cache-Control', 'no-store');
  return c.json({ items, nextCursor }, 200);
});

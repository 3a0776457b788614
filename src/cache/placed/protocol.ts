import * as z from 'zod';
import type { LogicalTime } from '../logical-time.ts';
import { formatLogicalTime } from '../logical-time.ts';
import type { Trace } from '../look-up.ts';
import { logicalTime } from '../shared/reply.ts';

/** Raise it when a call or its answer changes: Workers of different protocols do not understand each other. */
export const PROTOCOL = 1;

/** So many questions travel in one call. */
export const MAX_QUESTIONS = 100;

/** The status of a call to a Worker that serves another database, other answers, or speaks another protocol. */
export const OTHER_STORES = 409;

const Question = z.object({
  name: z.string(),
  input: z.unknown(),
  reload: z.boolean(),
  /** Of the demands; empty for none. */
  token: z.string(),
});
export type Question = z.infer<typeof Question>;

/** A call of an isolate to the Worker beside the stores. */
export const Call = z.object({
  protocol: z.literal(PROTOCOL),
  /** As in `SharedStoreSettings`. */
  databaseId: z.string(),
  variant: z.string(),
  /** The arguments of the read script: the cursor of the isolate in the log, and the newest time that it has seen. */
  cursor: z.string(),
  newest: z.string(),
  /** What the isolate has counted, as the read script takes it; empty for nothing. */
  counts: z.string(),
  /** The request for which the isolate asks, for the log; Workers of before send none. */
  requestId: z.string().max(100).optional(),
  /** Says for whom the isolate asks. The cache does not know what is in it. */
  bounds: z.unknown(),
  questions: z.array(Question).max(MAX_QUESTIONS),
});
export type Call = z.infer<typeof Call>;

/**
 * The news of the log since the cursor, as `toLogNews` parses them, an answer to each question, and whether Redis has taken the
 * counts.
 */
export const Reply = z.object({ news: z.unknown(), isCounted: z.boolean(), answers: z.array(z.unknown()) });
export interface Reply {
  readonly news: unknown;
  readonly isCounted: boolean;
  readonly answers: readonly unknown[];
}

const tier = { hit: z.boolean(), ms: z.number() };
const Tiers = z.object({
  shared: z
    .object({
      ...tier,
      ttlMs: z.number().optional(),
      stored: z.boolean().optional(),
      detail: z.enum(['stale-if-error', 'breaker-open', 'unavailable', 'timeout']).optional(),
    })
    .optional(),
  origin: z.object({ ms: z.number() }).optional(),
});

const Found = z.object({
  status: z.literal('found'),
  value: z.unknown(),
  tags: z.array(z.string()),
  asOf: logicalTime,
  validAtN: z.int(),
  freshMs: z.number(),
  bytes: z.int().nonnegative(),
  isLoaded: z.boolean(),
  /** Null unless the answer stands in for that of a failing origin. */
  staleMsLeft: z.number().nullable(),
  tiers: Tiers,
});

/**
 * `away`: no store could answer. `refused`: the origin refused the question. `unseen`: the caller may not see the answer. `unknown`:
 * this version has no such look-up.
 */
export const Answer = z.discriminatedUnion('status', [
  Found,
  z.object({ status: z.enum(['away', 'refused', 'unseen', 'unknown']), tiers: Tiers }),
]);
export type Answer = z.infer<typeof Answer>;
export type Found = Extract<Answer, { status: 'found' }>;

/** An answer as it is sent. */
export type SentAnswer = z.input<typeof Answer>;

export function formatTime(time: LogicalTime | null): string {
  return time ? formatLogicalTime(time) : '';
}

/** The work of the stores, as the caller's trace is told of it. */
export function tiersOf({ shared, origin }: Trace): SentAnswer['tiers'] {
  return { ...(shared && { shared }), ...(origin && { origin }) };
}

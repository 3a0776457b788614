import * as z from 'zod';
import type { AnyEndpointSpec } from '../spec.ts';

const demandHeaders = {
  'Cache-Control': z.string().optional().meta({
    description:
      '`no-cache` drops the entry in memory and Redis and asks Postgres; `max-age=0` skips memory; `max-age=N` refuses a memory entry read more than N seconds ago.',
  }),
  'Consistency-Token': z.string().optional().meta({
    description: 'The answer is at least as fresh as the write that returned this token.',
  }),
};
const conditionHeader = {
  'If-None-Match': z
    .string()
    .optional()
    .meta({ description: 'Entity tags that the caller has; 304 when one is current.' }),
};

const cacheHeaders = {
  'Cache-Status': z.string().optional().meta({
    description: 'RFC 9211; one member per cache asked, nearest last.',
    example: 'redis; hit; ttl=240, isolate; fwd=miss; stored',
  }),
  'Server-Timing': z.string().optional().meta({ description: 'Time spent per tier asked, in ms.' }),
};
const requestIdHeader = {
  'X-Request-Id': z.string().meta({ description: 'Names the request in the logs.' }),
};
const policyHeader = {
  'RateLimit-Policy': z.string().optional().meta({
    description: 'The limit that the request was counted by: requests and seconds.',
    example: '"caller";q=2000;w=10',
  }),
};
const rateLimitHeader = {
  RateLimit: z.string().optional().meta({
    description: 'What is left of it, and the seconds until there is more at the latest.',
    example: '"caller";r=0;t=10',
  }),
};
const retryAfterHeader = { 'Retry-After': z.string().meta({ description: 'Seconds.' }) };
const etagHeader = { ETag: z.string().meta({ description: 'Changes with the revision of any row shown.' }) };

const writeHeaders = {
  'Consistency-Token': z.string().optional().meta({
    description: 'For reads that must see what was written; none where nothing was.',
  }),
  'Cache-Status': z.string().optional().meta({
    description: 'RFC 9211; `detail=invalidation-pending` when Redis did not confirm the invalidation.',
  }),
};
const replayHeader = {
  'Idempotency-Replayed': z.string().optional().meta({
    description: '`true` where the answer is that of an earlier request with the same `Idempotency-Key`.',
  }),
};
const createHeaders = {
  Location: z.string().meta({ description: 'Path of what was created.' }),
};
const precondition = {
  description: 'Entity tags of what the caller has read, or `*`; 412 when it has changed since.',
};
const idempotencyHeader = {
  'Idempotency-Key': z.string().optional().meta({
    description:
      'Names this request: asked again under it with the same body, it is answered as the first time and done once. A creation is remembered for 24 hours.',
  }),
};

/** The headers that a request of the route may have. */
export function requestHeadersOf(spec: AnyEndpointSpec, isRead: boolean): z.ZodObject {
  return z.object({
    ...((spec.lookUp || spec.demands) && demandHeaders),
    ...(isRead && (spec.lookUp || spec.uncached) && conditionHeader),
    ...(spec.precondition === 'always' && { 'If-Match': z.string().meta(precondition) }),
    ...(spec.precondition === 'unless-dry-run' && { 'If-Match': z.string().optional().meta(precondition) }),
    ...(spec.idempotent && idempotencyHeader),
  });
}

/** The headers of a success of the route. */
export function responseHeadersOf(spec: AnyEndpointSpec, isCreated: boolean): z.ZodObject {
  return z.object({
    ...requestIdHeader,
    ...policyHeader,
    ...((spec.lookUp || spec.uncached || spec.tiered) && cacheHeaders),
    ...((spec.lookUp || spec.uncached || spec.tagged) && etagHeader),
    ...((spec.writes || isCreated) && writeHeaders),
    ...(spec.idempotent && replayHeader),
    ...(isCreated && createHeaders),
  });
}

/** The headers of a problem with the status. */
export function problemHeadersOf(status: number): z.ZodObject {
  return z.object({
    ...requestIdHeader,
    ...policyHeader,
    ...(status === 429 && rateLimitHeader),
    ...(status === 401 && { 'WWW-Authenticate': z.string() }),
    ...(status === 412 && etagHeader),
    ...((status === 503 || status === 429) && retryAfterHeader),
  });
}

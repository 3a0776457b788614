import * as z from 'zod';
import type { AnyEndpointSpec } from '../spec.ts';

// Each header is a component of the document. `id` is the name of the component.
function sent(id: string, description: string) {
  return z.string().optional().meta({ param: { id, description } });
}

function answered(id: string, description: string, example?: string) {
  return z.string().meta({ header: { id, description, ...(example !== undefined && { example }) } });
}

function maybeAnswered(id: string, description: string, example?: string) {
  return z
    .string()
    .optional()
    .meta({ header: { id, description, ...(example !== undefined && { example }) } });
}

const demandHeaders = {
  'Cache-Control': sent(
    'Cache-Control',
    '`no-cache` drops the entry in memory and Redis and asks Postgres; `max-age=0` skips memory; `max-age=N` refuses a memory entry read more than N seconds ago.',
  ),
  'Consistency-Token': sent(
    'Consistency-Token',
    'The answer is at least as fresh as the write that returned this token.',
  ),
};
const conditionHeader = {
  'If-None-Match': sent('If-None-Match', 'Entity tags that the caller has; 304 when one is current.'),
};
const ifMatchOfChange = z.string().meta({
  param: {
    id: 'If-Match',
    description: 'Entity tags of what the caller has read, or `*`; 412 when it has changed since.',
  },
});
const ifMatchOfDeletion = sent(
  'If-Match-Unless-Dry-Run',
  'Entity tags of what the caller has read, or `*`; 412 when it has changed since. Not needed with `dryRun`.',
);
const idempotencyHeader = {
  'Idempotency-Key': sent(
    'Idempotency-Key',
    'Names this request: asked again under it with the same body, it is answered as the first time and done once. A creation is remembered for 24 hours.',
  ),
};

const cacheHeaders = {
  'Cache-Status': maybeAnswered(
    'Cache-Status',
    'RFC 9211; one member per cache asked, nearest last.',
    'redis; hit; ttl=240, isolate; fwd=miss; stored',
  ),
  'Server-Timing': maybeAnswered('Server-Timing', 'Time spent per tier asked, in ms.'),
};
const requestIdHeader = { 'X-Request-Id': answered('X-Request-Id', 'Names the request in the logs.') };
const policyHeader = {
  'RateLimit-Policy': maybeAnswered(
    'RateLimit-Policy',
    'The limit that the request was counted by: requests and seconds.',
    '"caller";q=2000;w=10',
  ),
};
const rateLimitHeader = {
  RateLimit: maybeAnswered(
    'RateLimit',
    'What is left of it, and the seconds until there is more at the latest.',
    '"caller";r=0;t=10',
  ),
};
const retryAfterHeader = { 'Retry-After': answered('Retry-After', 'Seconds.') };
const etagHeader = { ETag: answered('ETag', 'Changes with the revision of any row shown.') };
const challengeHeader = {
  'WWW-Authenticate': answered('WWW-Authenticate', 'The scheme by which a key is sent.'),
};
const writeHeaders = {
  'Consistency-Token': maybeAnswered(
    'Consistency-Token',
    'For reads that must see what was written; none where nothing was.',
  ),
  'Cache-Status': maybeAnswered(
    'Cache-Status-Of-Write',
    'RFC 9211; `detail=invalidation-pending` when Redis did not confirm the invalidation.',
  ),
};
const replayHeader = {
  'Idempotency-Replayed': maybeAnswered(
    'Idempotency-Replayed',
    '`true` where the answer is that of an earlier request with the same `Idempotency-Key`.',
  ),
};
const createHeaders = { Location: answered('Location', 'Path of what was created.') };

/** The headers that a request of the route may have. */
export function requestHeadersOf(spec: AnyEndpointSpec, isRead: boolean): z.ZodObject {
  return z.object({
    ...((spec.lookUp || spec.demands) && demandHeaders),
    ...(isRead && (spec.lookUp || spec.uncached) && conditionHeader),
    ...(spec.precondition === 'always' && { 'If-Match': ifMatchOfChange }),
    ...(spec.precondition === 'unless-dry-run' && { 'If-Match': ifMatchOfDeletion }),
    ...(spec.idempotent && idempotencyHeader),
  });
}

/** The headers of a success of the route. */
export function responseHeadersOf(spec: Partial<AnyEndpointSpec>, isCreated: boolean): z.ZodObject {
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
    ...(status === 401 && challengeHeader),
    ...(status === 412 && etagHeader),
    ...((status === 503 || status === 429) && retryAfterHeader),
  });
}

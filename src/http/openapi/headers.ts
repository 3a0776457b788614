import type { AnyEndpointSpec } from '../spec.ts';
import type { Components } from './components.ts';

/** A header that is a component of the document. */
interface Header {
  /** The name of the component. */
  readonly id: string;
  readonly part: {
    readonly description: string;
    readonly required?: true;
    readonly example?: string;
    readonly schema: { readonly type: 'string' };
  };
}
type Headers = Readonly<Record<string, Header>>;

const schema = { type: 'string' } as const;

function always(id: string, description: string): Header {
  return { id, part: { description, required: true, schema } };
}

function maybe(id: string, description: string, example?: string): Header {
  return { id, part: { description, ...(example !== undefined && { example }), schema } };
}

const demandHeaders = {
  'Cache-Control': maybe(
    'Cache-Control',
    '`no-cache` drops the entry in memory and Redis and asks Postgres; `max-age=0` skips memory; `max-age=N` refuses a memory entry read more than N seconds ago.',
  ),
  'Consistency-Token': maybe(
    'Consistency-Token',
    'The answer is at least as fresh as the write that returned this token.',
  ),
};
const conditionHeader = {
  'If-None-Match': maybe('If-None-Match', 'Entity tags that the caller has; 304 when one is current.'),
};
const ifMatchOfChange = always(
  'If-Match',
  'Entity tags of what the caller has read, or `*`; 412 when it has changed since.',
);
const ifMatchOfDeletion = maybe(
  'If-Match-Unless-Dry-Run',
  'Entity tags of what the caller has read, or `*`; 412 when it has changed since. Not needed with `dryRun`.',
);
const idempotencyHeader = {
  'Idempotency-Key': maybe(
    'Idempotency-Key',
    'Names this request: asked again under it with the same body, it is answered as the first time and done once. A creation is remembered for 24 hours.',
  ),
};

const cacheHeaders = {
  'Cache-Status': maybe(
    'Cache-Status',
    'RFC 9211; one member per cache asked, nearest last.',
    'redis; hit; ttl=240, isolate; fwd=miss; stored',
  ),
  'Server-Timing': maybe('Server-Timing', 'Time spent per tier asked, in ms.'),
};
const requestIdHeader = { 'X-Request-Id': always('X-Request-Id', 'Names the request in the logs.') };
const policyHeader = {
  'RateLimit-Policy': maybe(
    'RateLimit-Policy',
    'The limit that the request was counted by: requests and seconds.',
    '"caller";q=2000;w=10',
  ),
};
const rateLimitHeader = {
  RateLimit: maybe(
    'RateLimit',
    'What is left of it, and the seconds until there is more at the latest.',
    '"caller";r=0;t=10',
  ),
};
const retryAfterHeader = { 'Retry-After': always('Retry-After', 'Seconds.') };
const etagHeader = { ETag: always('ETag', 'Changes with the revision of any row shown.') };
const challengeHeader = {
  'WWW-Authenticate': always('WWW-Authenticate', 'The scheme by which a key is sent.'),
};
const writeHeaders = {
  'Consistency-Token': maybe(
    'Consistency-Token',
    'For reads that must see what was written; none where nothing was.',
  ),
  'Cache-Status': maybe(
    'Cache-Status-Of-Write',
    'RFC 9211; `detail=invalidation-pending` when Redis did not confirm the invalidation.',
  ),
};
const replayHeader = {
  'Idempotency-Replayed': maybe(
    'Idempotency-Replayed',
    '`true` where the answer is that of an earlier request with the same `Idempotency-Key`.',
  ),
};
const createHeaders = { Location: always('Location', 'Path of what was created.') };

/** The headers that a request of the route may have. */
export function requestHeadersOf(spec: AnyEndpointSpec, isRead: boolean): Headers {
  return {
    ...((spec.lookUp || spec.demands) && demandHeaders),
    ...(isRead && (spec.lookUp || spec.uncached) && conditionHeader),
    ...(spec.precondition === 'always' && { 'If-Match': ifMatchOfChange }),
    ...(spec.precondition === 'unless-dry-run' && { 'If-Match': ifMatchOfDeletion }),
    ...(spec.idempotent && idempotencyHeader),
  };
}

/** The headers of a success of the route. */
export function responseHeadersOf(spec: Partial<AnyEndpointSpec>, isCreated: boolean): Headers {
  return {
    ...requestIdHeader,
    ...policyHeader,
    ...((spec.lookUp || spec.uncached || spec.tiered) && cacheHeaders),
    ...((spec.lookUp || spec.uncached || spec.tagged) && etagHeader),
    ...((spec.writes || isCreated) && writeHeaders),
    ...(spec.idempotent && replayHeader),
    ...(isCreated && createHeaders),
  };
}

/** The headers of a problem with the status. */
export function problemHeadersOf(status: number): Headers {
  return {
    ...requestIdHeader,
    ...policyHeader,
    ...(status === 429 && rateLimitHeader),
    ...(status === 401 && challengeHeader),
    ...(status === 412 && etagHeader),
    ...((status === 503 || status === 429) && retryAfterHeader),
  };
}

/** References to the headers, by name. */
export function shareHeaders(components: Components, headers: Headers): Record<string, object> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { id, part }]) => [name, components.share('headers', id, part)]),
  );
}

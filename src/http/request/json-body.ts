import type { HonoRequest } from 'hono';
import { systemClock } from '../../cache/clock.ts';
import { JSON_TYPES, type AnyEndpointSpec } from '../spec.ts';
import { findStructureFault } from './json-text.ts';
import { badRequest, type Fault, ProblemError } from '../response/problem.ts';

/** The largest batch with every field at its longest is smaller. */
export const MAX_BODY_BYTES = 2 ** 20;
/** No schema of a body is deeper than three. */
const MAX_JSON_DEPTH = 16;
/** A sender that needs longer for a mebibyte would only keep a request open. */
const BODY_DEADLINE_MS = 10_000;

/**
 * Reads the text of the JSON body, at most a mebibyte. It is empty when the body is optional and missing. Throws a problem when
 * the body has another media type, is encoded, too large, too slow or too deep, is not UTF-8, or has two members of one name.
 * A byte order mark is skipped.
 */
export async function readJsonText(req: HonoRequest, spec: AnyEndpointSpec): Promise<string> {
  // A client that sends no body may name any media type, or none.
  if (!spec.isBodyOptional) requireJson(req, spec);
  if (announcedLength(req) > MAX_BODY_BYTES) tooLarge();
  const text = await readText(req.raw.body);
  if (text === '' && spec.isBodyOptional) return text;
  requireJson(req, spec);
  requireSound(text);
  return text;
}

function requireJson(req: HonoRequest, { jsonTypes = JSON_TYPES }: AnyEndpointSpec): void {
  const [type = ''] = (req.header('Content-Type') ?? '').toLowerCase().split(';');
  if (!jsonTypes.includes(type.trim())) {
    throw new ProblemError('unsupported_media_type', `the body must be ${jsonTypes.join(' or ')}`);
  }
  if (isEncoded(req)) {
    // RFC 9110, section 15.5.16: names the encodings that are accepted.
    const headers = { 'Accept-Encoding': 'identity' };
    throw new ProblemError('unsupported_media_type', 'the body must not be encoded', { headers });
  }
}

function isEncoded(req: HonoRequest): boolean {
  return !['', 'identity'].includes((req.header('Content-Encoding') ?? '').trim().toLowerCase());
}

/** Parses the text; throws a problem when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badBody('is not JSON');
  }
}

/** Adds a fault when the request has a body. An empty object in a deletion does not count. */
export async function refuseBody(req: HonoRequest, faults: Fault[]): Promise<void> {
  const hasBody = req.method === 'DELETE' ? !(await isEmptyObject(req)) : await hasAnything(req);
  if (hasBody) faults.push({ in: 'body', name: 'body', detail: 'this request takes no body' });
}

async function hasAnything(req: HonoRequest): Promise<boolean> {
  return announcedLength(req) > 0 || hasBytes(req.raw.body);
}

function announcedLength(req: HonoRequest): number {
  return Number(req.header('Content-Length') ?? '0');
}

const NO_MEMBERS = /^\s*\{\s*\}\s*$/;
/** Room for some white space. */
const MAX_EMPTY_OBJECT = 64;

async function isEmptyObject(req: HonoRequest): Promise<boolean> {
  if (announcedLength(req) > MAX_EMPTY_OBJECT) return false;
  let text = '';
  const decoder = new TextDecoder();
  await readChunks(req.raw.body, (chunk) => {
    text += decoder.decode(chunk, { stream: true });
    return text.length <= MAX_EMPTY_OBJECT;
  });
  if (text === '') return announcedLength(req) === 0;
  return !isEncoded(req) && text.length <= MAX_EMPTY_OBJECT && NO_MEMBERS.test(text);
}

// Many clients send an empty body with a PUT, so a body counts from its first byte.
async function hasBytes(body: ReadableStream<Uint8Array> | null): Promise<boolean> {
  let hasAny = false;
  await readChunks(body, ({ length }) => {
    hasAny ||= length > 0;
    return !hasAny;
  });
  return hasAny;
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let [size, text] = [0, ''];
  await readChunks(body, (chunk) => {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) tooLarge();
    text += decode(decoder, chunk);
    return true;
  });
  return text + decode(decoder);
}

/** Passes chunks to `take` until the body ends or `take` returns false. Throws `request_timeout` past the deadline. */
async function readChunks(
  body: ReadableStream<Uint8Array> | null,
  take: (chunk: Uint8Array) => boolean,
): Promise<void> {
  if (!body) return;
  const reader = body.getReader();
  const late = afterDeadline();
  try {
    for (let wantsMore = true; wantsMore;) {
      const { done, value } = await Promise.race([reader.read().catch(brokenOff), late.promise]);
      if (done) return;
      wantsMore = take(value);
    }
  } finally {
    late.cancel();
    // Tells the sender to stop.
    void reader.cancel().catch(() => {});
  }
}

function afterDeadline(): { readonly promise: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = () => reject(new ProblemError('request_timeout', 'the body did not arrive in time'));
  const cancel = systemClock.after(BODY_DEADLINE_MS, fail);
  return { promise, cancel };
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw badBody('is not UTF-8');
  }
}

function requireSound(text: string): void {
  const fault = findStructureFault(text, MAX_JSON_DEPTH);
  if (fault?.kind === 'depth') throw badBody(`is nested deeper than ${MAX_JSON_DEPTH}`);
  if (fault) throw badRequest([{ in: 'body', name: fault.name, detail: 'is given more than once' }]);
}

// The sender hung up. Nothing is wrong with the service.
function brokenOff(): never {
  throw badBody('ended before it was complete');
}

function tooLarge(): never {
  throw new ProblemError('content_too_large', `the body may have at most ${MAX_BODY_BYTES} bytes`);
}

function badBody(detail: string): ProblemError {
  return badRequest([{ in: 'body', name: 'body', detail }]);
}

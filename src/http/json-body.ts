import type { HonoRequest } from 'hono';
import { JSON_TYPES, type AnyEndpointSpec } from './endpoint-spec.ts';
import { badRequest, type Fault, ProblemError } from './problem.ts';

/** A batch of the greatest size with every field at its longest is smaller. */
export const MAX_BODY_BYTES = 2 ** 20;
/** Nothing that the service takes is deeper than three. */
const MAX_JSON_DEPTH = 16;
/** A sender that needs longer for a mebibyte holds a request open for nothing. */
const BODY_DEADLINE_MS = 10_000;

/**
 * The text of the JSON body, at most a mebibyte; throws a problem for another media type, a body that is too large, too
 * slow or too deep, and for text that is not UTF-8.
 */
export async function readJsonText(req: HonoRequest, { jsonTypes }: AnyEndpointSpec): Promise<string> {
  const types = jsonTypes ?? JSON_TYPES;
  const [type = ''] = (req.header('Content-Type') ?? '').toLowerCase().split(';');
  if (!types.includes(type.trim())) {
    throw new ProblemError('unsupported_media_type', `the body must be ${types.join(' or ')}`);
  }
  if (Number(req.header('Content-Length') ?? '0') > MAX_BODY_BYTES) tooLarge();
  const text = decode(await readBytes(req.raw.body));
  requireShallow(text);
  return text;
}

/** The value that the text spells; throws a problem when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badBody('is not JSON');
  }
}

/** Adds the fault of a body where none is taken. */
export async function refuseBody(req: HonoRequest, faults: Fault[]): Promise<void> {
  const isAnnounced = Number(req.header('Content-Length') ?? '0') > 0;
  const hasBody = isAnnounced || (req.raw.body !== null && (await hasBytes(req.raw.body)));
  if (hasBody) faults.push({ in: 'body', name: 'body', detail: 'this request takes no body' });
}

// Many clients send an empty body with a PUT; only its first byte makes it one.
async function hasBytes(body: ReadableStream<Uint8Array>): Promise<boolean> {
  for await (const chunk of body) if (chunk.length > 0) return true;
  return false;
}

async function readBytes(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  const late = afterDeadline();
  const bytes = new Uint8Array(MAX_BODY_BYTES);
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return bytes.subarray(0, size);
      if (size + value.byteLength > MAX_BODY_BYTES) tooLarge();
      bytes.set(value, size);
      size += value.byteLength;
    }
  } finally {
    late.cancel();
    // What was not read is not wanted.
    void reader.cancel().catch(() => {});
  }
}

function afterDeadline(): { readonly promise: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = () => reject(new ProblemError('request_timeout', 'the body did not arrive in time'));
  const timer = setTimeout(fail, BODY_DEADLINE_MS);
  return { promise, cancel: () => clearTimeout(timer) };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw badBody('is not UTF-8');
  }
}

// Counted on the text, for JSON.parse would go as deep as it says.
function requireShallow(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > MAX_JSON_DEPTH) throw badBody(`is nested deeper than ${MAX_JSON_DEPTH}`);
  }
}

function tooLarge(): never {
  throw new ProblemError('content_too_large', `the body may have ${MAX_BODY_BYTES} bytes`);
}

function badBody(detail: string): ProblemError {
  return badRequest([{ in: 'body', name: 'body', detail }]);
}

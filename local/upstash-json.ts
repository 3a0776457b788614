/** A reply of Redis; integers as strings, since they may be beyond 2^53. */
export type Reply = null | string | Buffer | Error | Reply[];

/**
 * A reply as JSON text: integers as they stand, strings as UTF-8 or as base64 of their bytes. A reply that is OK stays
 * OK even then; inside an array it does not, since there the client decodes every string.
 */
export function replyJson(reply: Reply, isBase64: boolean): string {
  return isBase64 && Buffer.isBuffer(reply) && reply.equals(OK) ? '"OK"' : valueJson(reply, isBase64);
}

const OK = Buffer.from('OK');

function valueJson(reply: Reply, isBase64: boolean): string {
  if (reply === null || typeof reply === 'string') return String(reply);
  if (Array.isArray(reply)) return `[${reply.map((value) => valueJson(value, isBase64)).join(',')}]`;
  const bytes = Buffer.isBuffer(reply) ? reply : Buffer.from(reply.message);
  return JSON.stringify(bytes.toString(isBase64 ? 'base64' : 'utf8'));
}

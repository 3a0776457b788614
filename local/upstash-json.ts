/** A reply of Redis. Integers are strings, since they may exceed 2^53. */
export type Reply = null | string | Buffer | Error | Reply[];

/**
 * A reply as JSON text. Integers stay as they are; strings become UTF-8, or base64 of their bytes. A reply OK stays OK
 * in either encoding, except inside an array, where the client decodes every string.
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

/** Characters of the longest id of a request that another program gives. */
export const MAX_REQUEST_ID = 100;
/** Addresses and names of people do not fit in. */
export const REQUEST_ID = /^[0-9A-Za-z_.:-]+$/;

/** True for an id that every method of the RPC class takes as `requestId`. */
export function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_REQUEST_ID && REQUEST_ID.test(value);
}

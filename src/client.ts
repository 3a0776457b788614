import { hc } from 'hono/client';
import type { Api } from './http/routes/api.ts';

/** How a client reaches the service. */
export interface ClientOptions {
  /** Where the service is, e.g. `https://accounts.example.com`. */
  readonly baseUrl: string;
  readonly key: string;
  /** In place of the global one, e.g. a service binding's. */
  readonly fetch?: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * A client whose paths, parameters, bodies and answers have the types of the routes themselves, e.g.
 * `makeClient(…).v1.users[':userId'].$get({ param: { userId: '3' } })`. Problems are answers too: look at `ok` first.
 */
export function makeClient({ baseUrl, key, fetch }: ClientOptions) {
  return hc<Api>(baseUrl, { headers: { Authorization: `Bearer ${key}` }, ...(fetch && { fetch }) });
}

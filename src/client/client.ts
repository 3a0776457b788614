import type { Hono } from 'hono';
import { hc } from 'hono/client';
import type { BlankEnv } from 'hono/types';
import type { ApiSchema } from './api-schema.ts';

/** The address and the key that a client uses. */
export interface ClientOptions {
  /** The origin of the service, e.g. `https://accounts.example.com`. */
  readonly baseUrl: string;
  readonly key: string;
  /** Replaces the global `fetch`, e.g. by that of a service binding. */
  readonly fetch?: (input: Request | URL | string, init?: RequestInit) => Promise<Response>;
}

type Api = Hono<BlankEnv, ApiSchema>;

/** Every route of the API, with what it takes and answers. */
export type Client = ReturnType<typeof hc<Api>>;

/**
 * Makes a client that is typed by the routes, e.g.
 * `makeClient(…).v1.users[':userId'].$get({ param: { userId: '3' } })`. Problems do not throw: check `ok` first.
 */
export function makeClient({ baseUrl, key, fetch }: ClientOptions): Client {
  return hc<Api>(baseUrl, { headers: { Authorization: `Bearer ${key}` }, ...(fetch && { fetch }) });
}

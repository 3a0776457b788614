import type { ClientResponse } from 'hono/client';
import { failureOf } from './problem.ts';

type Sent = Pick<Response, 'ok' | 'headers'>;

/** The body of the answers that have one: 304 and 503 are none. */
type BodyOf<R> =
  R extends ClientResponse<infer T, infer S, 'json'> ? (S extends 304 | 503 ? never : T) : never;

/** An answer of the service, with the tag of the state that it shows. */
export interface Answer<T> {
  readonly body: T;
  readonly headers: Headers;
  readonly etag: string;
}

/** The whole answer; throws a failure for a problem. */
export async function answerOf<R extends Sent>(request: Promise<R>): Promise<Answer<BodyOf<R>>> {
  const response = await request;
  // Hono's client hands out what fetch answered.
  const received = response as unknown as Response;
  if (!response.ok) throw await failureOf(received);
  const body = (await received.json()) as BodyOf<R>;
  return { body, headers: response.headers, etag: response.headers.get('ETag') ?? '' };
}

/** The body of the answer; throws a failure for a problem. */
export async function bodyOf<R extends Sent>(request: Promise<R>): Promise<BodyOf<R>> {
  return (await answerOf(request)).body;
}

/** The same, and null where the answer has this status. */
export async function bodyUnless<R extends Sent & { readonly status: number }>(
  status: number,
  request: Promise<R>,
): Promise<BodyOf<R> | null> {
  const response = await request;
  return response.status === status ? null : bodyOf(Promise.resolve(response));
}

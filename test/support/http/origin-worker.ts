import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import originWorker from '../../../src/origin-worker.ts';
import { newIsolate, type TestStack } from '../stack.ts';

/** An isolate of the edge that is bound to an origin Worker on the same stack. */
export interface PlacedStack extends TestStack {
  /** The calls that the origin Worker has got. */
  readonly calls: PlacedCall[];
  /** Answers in place of the origin Worker while it is set. */
  instead: ((request: Request) => Promise<Response>) | null;
}

export interface PlacedCall {
  readonly bounds: unknown;
  readonly questions: readonly { readonly name: string; readonly input: unknown }[];
}

/** Vars of an isolate that reaches neither store: whatever it answers is from the origin Worker. */
export function outOfReach({ env }: TestStack): Partial<Env> {
  const database = new URL(env.DATABASE_URL);
  database.port = '9';
  return { DATABASE_URL: database.href, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' };
}

/** A new isolate, bound to an origin Worker, which has settings of its own over those of the stack. */
export function newPlacedIsolate(
  stack: TestStack,
  overrides: Partial<Env> = {},
  ofOriginWorker: Readonly<Record<string, string>> = {},
): PlacedStack {
  const originEnv = { ...stack.env, ...ofOriginWorker };
  const calls: PlacedCall[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    // The isolate sends JSON.
    calls.push(await request.clone().json<PlacedCall>());
    return placed.instead ? placed.instead(request) : askOriginWorker(originEnv, request);
  };
  const { env, ...rest } = newIsolate(stack, overrides);
  const placed: PlacedStack = {
    ...rest,
    env: Object.assign(env, { ORIGIN: { fetch } }),
    calls,
    instead: null,
  };
  return placed;
}

/** Has an origin Worker with these bindings answer a request. */
export async function askOriginWorker(env: Env, request: Request): Promise<Response> {
  const ctx = createExecutionContext();
  // Requests that come in have more properties, which no code here reads.
  const incoming = request as Parameters<typeof originWorker.fetch>[0];
  const response = await originWorker.fetch(incoming, env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import originWorker from '../../../src/origin-worker.ts';
import { newIsolate, type TestStack } from '../stack.ts';

/** An isolate of the edge that is bound to an origin Worker on the same stack. */
export interface PlacedStack extends TestStack {
  /** The calls that the origin Worker has got, as JSON. */
  readonly calls: PlacedCall[];
  /** Answers in place of the origin Worker while it is set. */
  instead: ((request: Request) => Promise<Response>) | null;
}

export interface PlacedCall {
  readonly bounds: unknown;
  readonly questions: readonly { readonly name: string; readonly input: unknown }[];
}

/** A new isolate, bound to an origin Worker. That one has settings of its own over those of the stack. */
export function newPlacedIsolate(
  stack: TestStack,
  overrides: Partial<Env> = {},
  ofOriginWorker: Partial<Env> = {},
): PlacedStack {
  const originEnv = { ...stack.env, ...ofOriginWorker };
  const calls: PlacedCall[] = [];
  const binding = {
    async fetch(url: string, init: RequestInit): Promise<Response> {
      const request = new Request(url, init);
      // The client sends JSON.
      calls.push(await request.clone().json<PlacedCall>());
      return (placed.instead ?? askOriginWorker)(request);
    },
  };
  const askOriginWorker = async (request: Request): Promise<Response> => {
    const ctx = createExecutionContext();
    const response = await originWorker.fetch(
      request as Parameters<typeof originWorker.fetch>[0],
      originEnv,
      ctx,
    );
    await waitOnExecutionContext(ctx);
    return response;
  };
  const { env, ...rest } = newIsolate(stack, overrides);
  const bound = { ...env, ORIGIN: binding };
  const placed: PlacedStack = { ...rest, env: bound, calls, instead: null };
  return placed;
}

import { onTestFinished, vi } from 'vitest';
import type { Script } from '../../src/cache/shared/scripts/script.ts';
import type { TestStack } from '../support/stack.ts';

/** A request of a Worker to a store: a script of Redis, or any SQL that matches. */
type Request = Script | RegExp;

/** The place at which a request is held: before it reaches the store, or before the reply reaches the Worker. */
type Point = 'unsent' | 'answered';

export interface HeldRequest {
  /** Resolves once the request is at its point. */
  readonly reached: Promise<void>;
  letGo(): void;
}

interface Hold extends HeldRequest {
  readonly stack: TestStack;
  readonly request: Request;
  readonly point: Point;
  readonly arrive: () => void;
  readonly released: Promise<void>;
}

export const ANY_SQL = /./;

let passOn = globalThis.fetch;
const armed = new Set<Hold>();
const holds = new Set<Hold>();

function endHolds(): void {
  for (const hold of holds) hold.letGo();
  armed.clear();
  holds.clear();
  vi.unstubAllGlobals();
}

/** Holds the next such request of the stack's Workers; all others pass. Those still held go when the test ends. */
export function holdNext(stack: TestStack, request: Request, point: Point): HeldRequest {
  const { promise: reached, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
  const hold = { stack, request, point, reached, arrive, released, letGo };
  armed.add(hold);
  holds.add(hold);
  onTestFinished(endHolds);
  if (globalThis.fetch !== fetchHolding) {
    passOn = globalThis.fetch;
    vi.stubGlobal('fetch', fetchHolding);
  }
  return hold;
}

async function fetchHolding(input: string, init?: RequestInit): Promise<Response> {
  const hold = typeof init?.body === 'string' ? await findHold(input, init.body) : undefined;
  if (!hold) return passOn(input, init);
  armed.delete(hold);
  if (hold.point === 'unsent') {
    hold.arrive();
    await hold.released;
    return passOn(input, init);
  }
  const response = await passOn(input, init);
  const text = await response.text();
  // Redis did not know the script yet: the Worker sends its text next.
  if (text.includes('NOSCRIPT')) armed.add(hold);
  else {
    hold.arrive();
    await hold.released;
  }
  return new Response(text, response);
}

async function findHold(url: string, body: string): Promise<Hold | undefined> {
  for (const hold of armed) if (await isHeld(hold, url, body)) return hold;
  return undefined;
}

async function isHeld({ request, stack: { env } }: Hold, url: string, body: string): Promise<boolean> {
  if (request instanceof RegExp)
    return new URL(url).host === new URL(env.DATABASE_URL).host && request.test(body);
  if (!url.startsWith(env.UPSTASH_REDIS_REST_URL)) return false;
  return body.includes(await request.sha1()) || body.includes(JSON.stringify(request.text));
}

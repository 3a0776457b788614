import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

/** Each attempt waits for both deadlines too, so that a machine has a minute at least. */
const ATTEMPTS = 60;
const INTERVAL_MS = 1_000;
/** More than the deadlines of both stores together, as they are by default. */
const ANSWER_LIMIT_MS = 10_000;

const Readiness = z.object({ status: z.string() });

/**
 * Resolves when the Worker reaches both stores within their deadlines. A slow machine that still compiles what the
 * first answers need would fail its first drain. Throws one sentence after the last attempt.
 */
export async function untilReady(
  origin: string,
  {
    attempts = ATTEMPTS,
    intervalMs = INTERVAL_MS,
    answerLimitMs = ANSWER_LIMIT_MS,
  }: { attempts?: number; intervalMs?: number; answerLimitMs?: number } = {},
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (await isReady(origin, answerLimitMs)) return;
    await sleep(intervalMs);
  }
  throw new Error(`the Worker did not reach both stores in ${attempts} attempts.`);
}

// A Worker that does not answer, or answers a problem, may be ready at the next attempt.
async function isReady(origin: string, limitMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(limitMs) });
    return Readiness.safeParse(await response.json()).data?.status === 'ready';
  } catch {
    return false;
  }
}

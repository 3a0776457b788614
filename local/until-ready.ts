import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

/** Each attempt waits for both deadlines too, so that a machine has a minute at least. */
const ATTEMPTS = 60;
const INTERVAL_MS = 1_000;

const Readiness = z.object({ status: z.string() });

/**
 * Resolves when the Worker reaches both stores within their deadlines. A slow machine that still compiles what the
 * first answers need would fail its first drain. Throws one sentence after the last attempt.
 */
export async function untilReady(
  origin: string,
  { attempts = ATTEMPTS, intervalMs = INTERVAL_MS }: { attempts?: number; intervalMs?: number } = {},
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const response = await fetch(`${origin}/readyz`);
    const { status } = Readiness.parse(await response.json());
    if (status === 'ready') return;
    await sleep(intervalMs);
  }
  throw new Error(`the Worker did not reach both stores in ${attempts} attempts.`);
}

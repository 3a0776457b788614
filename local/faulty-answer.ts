import { setTimeout as sleep } from 'node:timers/promises';
import type { Strike } from './faults.ts';
import { type HttpAnswer, refusal } from './http-answer.ts';

/** A request that has been checked and counted, and not yet executed. */
export interface HttpCall {
  /** What faults may be limited to; several when it carries several commands. */
  readonly verbs: readonly string[];
  /** Has the engine execute it. */
  run(): Promise<HttpAnswer>;
  /** The same, with strings in an encoding that was not asked for. */
  runMisencoded(): Promise<HttpAnswer>;
}

/** What goes to the caller: a whole answer, half of one before a reset of the connection or before nothing, or the reset alone. */
export type Delivery = { readonly answer: HttpAnswer; readonly halfThen?: 'reset' | 'nothing' } | 'reset';

/** Answers a call as the fault has it; one that hangs ends with its caller. */
export async function answerStruck(
  strike: Strike,
  call: HttpCall,
  answerError: (error: unknown) => HttpAnswer,
  signal: AbortSignal,
): Promise<Delivery> {
  const { kind } = strike;
  if (kind === 'delay') return { answer: await answerLate(strike, call, signal) };
  if (kind === 'reset') return { answer: await call.run(), halfThen: 'reset' };
  if (kind === 'stall') return { answer: await call.run(), halfThen: 'nothing' };
  if (kind === 'truncated-json') return { answer: truncate(await call.run()) };
  if (kind === 'wrong-base64') return { answer: await call.runMisencoded() };
  if (strike.moment === 'after') await call.run().catch(() => {});
  if (kind === 'status')
    return { answer: answerError(refusal(strike.status, `a fault answers ${strike.status}`)) };
  if (kind === 'wrong-json') return { answer: { status: 200, body: strike.body } };
  if (kind === 'hang') await untilAborted(signal);
  return 'reset';
}

async function answerLate(
  { ms, moment }: Strike & { kind: 'delay' },
  call: HttpCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const executed = moment === 'after' ? await call.run() : null;
  await sleep(ms, null, { signal });
  return executed ?? call.run();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function truncate({ status, body }: HttpAnswer): HttpAnswer {
  return { status, body: halfOf(body) };
}

/** Half of an object or array in JSON is no JSON. */
export function halfOf(body: string): string {
  return body.slice(0, Math.ceil(body.length / 2));
}

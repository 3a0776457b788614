import { setTimeout as sleep } from 'node:timers/promises';
import type { Strike } from './faults.ts';
import { type HttpAnswer, refusal } from './http-answer.ts';

/** A request that has been checked and counted, but not executed. */
export interface HttpCall {
  /** The verbs by which a fault can select this request. A request with several commands has several. */
  readonly verbs: readonly string[];
  /** Executes the request on the engine. */
  run(): Promise<HttpAnswer>;
  /** Executes the request, and encodes strings in a way that the caller did not ask for. */
  runMisencoded(): Promise<HttpAnswer>;
}

/** The bytes that the caller gets: a whole answer; half of one, followed by a reset or by silence; or a reset alone. */
export type Delivery = { readonly answer: HttpAnswer; readonly halfThen?: 'reset' | 'nothing' } | 'reset';

/** Answers a call as the fault says. A call that hangs ends when its caller hangs up. */
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

/** Half of a JSON object or array does not parse. */
export function halfOf(body: string): string {
  return body.slice(0, Math.ceil(body.length / 2));
}

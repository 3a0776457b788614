import { atEndOfTick, makeBatcher } from '../../lib/batcher.ts';
import type { Breaker } from '../breaker.ts';
import type { Clock } from '../clock.ts';
import { NO_NEWS, toCursorArg } from '../shared/invalidation-log.ts';
import { newestOf, noteTime, withKnownEpoch } from '../shared/newest-time.ts';
import { learn } from '../shared/read-all.ts';
import type { SharedStoreSettings } from '../shared/shared-store.ts';
import { Answer, type Call, MAX_QUESTIONS, PROTOCOL, type Question, Reply } from './protocol.ts';

/** The Worker beside both stores, as one request asks it. */
export interface Placed {
  readonly breaker: Breaker;
  /** After this the stores themselves are asked. */
  readonly deadlineMs: number;
  /** Asks one question. Questions of one turn travel in one call. Rejects if the Worker does not answer, or answers garbage. */
  ask(question: Question): Promise<Answer>;
  /** Finds out whether the Worker answers. */
  probe(): Promise<unknown>;
}

interface PlacedParts extends Pick<Placed, 'breaker' | 'deadlineMs'> {
  readonly store: SharedStoreSettings;
  /** Says for whom the request asks. */
  readonly boundsOf: () => unknown;
  /** Names the request in the log of that Worker. */
  readonly requestId?: string | undefined;
  /** Sends the JSON of a call, and answers the JSON of its reply. */
  readonly send: (call: string) => Promise<unknown>;
}

/** Asks over `send`. Every reply also brings the news of the log since this isolate's cursor, as a read of the store does. */
export function makePlaced(
  { breaker, deadlineMs, store, boundsOf, send, requestId }: PlacedParts,
  { now }: Pick<Clock, 'now'>,
): Placed {
  const { databaseId, variant, log, newest, counts } = store;
  const call = async (questions: readonly Question[]): Promise<PromiseSettledResult<Answer>[]> => {
    // A probe brings no question. It asks for no news and takes no counts along.
    const sentAtMs = now();
    const asked = questions.length > 0 ? log?.ask(sentAtMs) : undefined;
    const report = questions.length > 0 ? counts?.ask(sentAtMs) : undefined;
    const cursor = asked ? toCursorArg(asked) : NO_NEWS;
    const said = {
      protocol: PROTOCOL,
      databaseId,
      variant,
      cursor,
      newest: newestOf(newest),
      requestId,
    } as const;
    const counted = { counts: report?.text ?? '' };
    const sent: Call = { ...said, ...counted, bounds: boundsOf(), questions: [...questions] };
    const { news, isCounted, answers } = Reply.parse(await send(JSON.stringify(sent)));
    if (report && isCounted) counts?.learn(report);
    if (asked) learn(store, asked, news, now());
    return Promise.allSettled(answers.map(async (answer) => toAnswer(answer, store)));
  };
  const schedule = (flush: () => void): void => void atEndOfTick(flush);
  const ask = makeBatcher(call, { maxPerCall: MAX_QUESTIONS, schedule });
  return { breaker, deadlineMs, ask, probe: () => call([]) };
}

function toAnswer(json: unknown, { newest }: SharedStoreSettings): Answer {
  const answer = Answer.parse(json);
  if (answer.status !== 'found' || !answer.asOf) return answer;
  noteTime(newest, answer.asOf);
  return { ...answer, asOf: withKnownEpoch(newest, answer.asOf) };
}

export interface BatcherSettings {
  readonly maxPerCall: number;
  /** Calls back once all that belongs together has been asked. */
  readonly schedule: (flush: () => void) => void;
}

interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Collects questions that are asked one by one, and sends them together: all that are asked until `schedule` calls back are
 * one batch. Each question has its own outcome. An error of `sendAll` is the outcome of all questions of its batch.
 */
export function makeBatcher<Q, A>(
  sendAll: (questions: readonly Q[]) => Promise<readonly PromiseSettledResult<A>[]>,
  { maxPerCall, schedule }: BatcherSettings,
): (question: Q) => Promise<A> {
  let waiting: Waiting<Q, A>[] = [];

  const send = async (asked: readonly Waiting<Q, A>[]): Promise<void> => {
    const outcomes = await settleAll(
      asked.map(({ question }) => question),
      sendAll,
    );
    for (const [at, { resolve, reject }] of asked.entries()) {
      const outcome = outcomes[at];
      if (outcome?.status === 'fulfilled') resolve(outcome.value);
      else reject(outcome ? outcome.reason : new Error('the call answered fewer than it was asked'));
    }
  };
  const flush = (): void => {
    const asked = waiting;
    waiting = [];
    for (let at = 0; at < asked.length; at += maxPerCall) void send(asked.slice(at, at + maxPerCall));
  };

  return (question) => {
    const { promise, resolve, reject } = Promise.withResolvers<A>();
    waiting.push({ question, resolve, reject });
    if (waiting.length === 1) schedule(flush);
    return promise;
  };
}

async function settleAll<Q, A>(
  questions: readonly Q[],
  sendAll: (questions: readonly Q[]) => Promise<readonly PromiseSettledResult<A>[]>,
): Promise<readonly PromiseSettledResult<A>[]> {
  try {
    return await sendAll(questions);
  } catch (reason) {
    return questions.map(() => ({ status: 'rejected', reason }));
  }
}

/** Turns of the microtask queue between two calls that belong to one step of a look-up, with some to spare. */
const STEPS_OF_A_TICK = 8;

/** Calls back at the end of this tick: callers that wait for the same promise go on one after the other, each some steps from here. */
export async function atEndOfTick(send: () => void): Promise<void> {
  for (let step = 0; step < STEPS_OF_A_TICK; step += 1) await Promise.resolve();
  send();
}

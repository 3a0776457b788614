import { mergeTraces } from './cache/merge-traces.ts';
import type { Trace } from './cache/look-up.ts';
import { Call, OTHER_STORES, type Reply, type SentAnswer } from './cache/placed/protocol.ts';
import { fieldsOfTrace } from './cache/trace-fields.ts';
import { makePlacedDeps } from './deps.ts';
import { accountNumberIn } from './directory/about.ts';
import { answerCall, Bounds } from './directory/placed/answer-call.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { consoleLog, describeError, logOfRequest } from './lib/log.ts';
import { ConfigurationError } from './settings.ts';
import type { ErrorCode } from './shapes/error-code.ts';

const FORBIDDEN = 403;
const FAILED = 500;

/** A call, as its line in the log tells of it. */
interface LoggedCall {
  readonly startedAtMs: number;
  /** That of the request for which the isolate asks, once the call is read. */
  requestId: string;
  call: Call | null;
  answers: readonly SentAnswer[];
  code: ErrorCode | 'other_stores' | null;
}

/**
 * The Worker beside both stores. It answers the reads of isolates elsewhere, which reach it by a service binding alone, and only by
 * `fetch`: placement does not move RPC methods.
 */
export default {
  async fetch(request, env, ctx) {
    const logged = beginCall();
    let isolate: Isolate | undefined;
    try {
      isolate = isolateOf(env);
      const call = await readCall(isolate, request);
      if (typeof call === 'number') return refuse(isolate, logged, call);
      logged.call = call;
      logged.requestId = call.requestId ?? logged.requestId;
      const answering = answer(isolate, ctx, call, logged);
      // A caller that hangs up does not end a load, whose answer others can use.
      ctx.waitUntil(answering.catch(() => {}));
      return Response.json(await answering);
    } catch (error) {
      const log = logOfRequest(logged.requestId);
      const isMisconfigured = error instanceof ConfigurationError;
      if (isMisconfigured) log.error('misconfigured', { faults: error.message });
      else log.error('request_failed', { error: describeError(error) });
      logged.code ??= isMisconfigured ? 'misconfigured' : 'internal_error';
      // A call that was read has its line by now.
      if (!logged.call) logCall(isolate, logged);
      return new Response(null, { status: FAILED });
    }
  },
} satisfies ExportedHandler<Env>;

function beginCall(): LoggedCall {
  return { startedAtMs: Date.now(), requestId: crypto.randomUUID(), call: null, answers: [], code: null };
}

/** The call, or the status that refuses it. A call that cannot be read is one of another version. */
async function readCall({ placed, storeSettings }: Isolate, request: Request): Promise<Call | number> {
  const text = await request.text();
  const mac = request.headers.get('Authorization') ?? '';
  if (!(await placed.seal.verify(text, mac))) return FORBIDDEN;
  const { data: call } = Call.safeParse(JSON.parse(text));
  const { databaseId, variant } = storeSettings;
  return call?.databaseId === databaseId && call.variant === variant ? call : OTHER_STORES;
}

function refuse(isolate: Isolate, logged: LoggedCall, status: number): Response {
  logged.code = status === FORBIDDEN ? 'forbidden' : 'other_stores';
  logCall(isolate, logged);
  return new Response(null, { status });
}

async function answer(
  isolate: Isolate,
  ctx: ExecutionContext,
  call: Call,
  logged: LoggedCall,
): Promise<Reply> {
  const { deps, takeNews } = makePlacedDeps(isolate, ctx, call);
  try {
    const answers = await answerCall(deps, Bounds.parse(call.bounds), call.questions);
    logged.answers = answers;
    if (answers.some(({ status }) => status === 'away')) logged.code = 'unavailable';
    return { ...takeNews(), answers };
  } catch (error) {
    logged.code = 'internal_error';
    throw error;
  } finally {
    logCall(isolate, logged);
    deps.afterwards.begin();
  }
}

/** Logs a call in one line, which names the look-ups and no input of them but the number of the account. */
function logCall(
  isolate: Isolate | undefined,
  { startedAtMs, requestId, call, answers, code }: LoggedCall,
): void {
  // Without settings every line helps to find the fault.
  if (isolate && !isolate.settings.LOG_REQUESTS) return;
  consoleLog.info('request', {
    requestId,
    // The line of the request has it.
    caller: null,
    placed: call && [...new Set(call.questions.map(({ name }) => name))].join(' '),
    code,
    account: call && accountOf(call),
    // The tiers of answers are made from traces.
    ...fieldsOfTrace(mergeTraces(answers.map(({ tiers }) => tiers as Trace))),
    ms: Date.now() - startedAtMs,
  });
}

/** The number of the only account that the questions name, else that of the account that the caller is bound to. */
function accountOf({ questions, bounds }: Call): string | null {
  const named = new Set(
    questions.map(({ input }) => accountNumberIn(input) ?? accountNumberIn(Object(input).input)),
  );
  named.delete(null);
  const [only = null] = named;
  return named.size === 1 ? only : accountNumberIn(bounds);
}

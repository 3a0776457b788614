import { Call, OTHER_STORES, type Reply } from './cache/placed/protocol.ts';
import { makePlacedDeps } from './deps.ts';
import { answerCall, Bounds } from './directory/placed/answer-call.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { consoleLog, describeError } from './lib/log.ts';
import { ConfigurationError } from './settings.ts';

const FORBIDDEN = 403;
const FAILED = 500;

/**
 * The Worker beside both stores. It answers the reads of isolates elsewhere, which reach it by a service binding alone, and only by
 * `fetch`: placement does not move RPC methods.
 */
export default {
  async fetch(request, env, ctx) {
    try {
      const isolate = isolateOf(env);
      const call = await readCall(isolate, request);
      if (typeof call === 'number') return new Response(null, { status: call });
      const answering = answer(isolate, ctx, call);
      // A caller that hangs up does not end a load, whose answer others can use.
      ctx.waitUntil(answering.catch(() => {}));
      return Response.json(await answering);
    } catch (error) {
      const isMisconfigured = error instanceof ConfigurationError;
      if (isMisconfigured) consoleLog.error('misconfigured', { faults: error.message });
      else consoleLog.error('request_failed', { error: describeError(error) });
      return new Response(null, { status: FAILED });
    }
  },
} satisfies ExportedHandler<Env>;

/** The call, or the status that refuses it. A call that cannot be read is one of another version. */
async function readCall({ placed, storeSettings }: Isolate, request: Request): Promise<Call | number> {
  const text = await request.text();
  const mac = request.headers.get('Authorization') ?? '';
  if (!(await placed.seal.verify(text, mac))) return FORBIDDEN;
  const { data: call } = Call.safeParse(JSON.parse(text));
  const { databaseId, variant } = storeSettings;
  return call?.databaseId === databaseId && call.variant === variant ? call : OTHER_STORES;
}

async function answer(isolate: Isolate, ctx: ExecutionContext, call: Call): Promise<Reply> {
  const { deps, takeNews } = makePlacedDeps(isolate, ctx, call);
  try {
    const answers = await answerCall(deps, Bounds.parse(call.bounds), call.questions);
    return { ...takeNews(), answers };
  } finally {
    deps.afterwards.begin();
  }
}

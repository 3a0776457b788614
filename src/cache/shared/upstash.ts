import type { Requester } from '@upstash/redis';
import { Redis } from '@upstash/redis/cloudflare';
import { atEndOfTick, makeBatcher } from '../../lib/batcher.ts';
import type { RunScript } from './shared-store.ts';

export interface UpstashSettings {
  readonly url: string;
  readonly token: string;
  readonly deadlineMs: number;
}

export interface Upstash {
  readonly run: RunScript;
  ping(): Promise<unknown>;
  /** The string under the key. */
  get(key: string): Promise<unknown>;
}

/** Redis refused a command, or could not be asked, which the cause tells. Names no command. */
class RedisError extends Error {
  override readonly name = 'RedisError';
}

/**
 * Upstash's client, but for how it sends its requests: its own way repeats them, follows redirects, and quotes the whole command
 * in errors.
 */
class UpstashRedis extends Redis {
  constructor(settings: UpstashSettings) {
    super({
      url: settings.url,
      token: settings.token,
      // Decoded, a payload would be an object, and a large number another number.
      automaticDeserialization: false,
      enableAutoPipelining: false,
      enableTelemetry: false,
    });
    this.client = makeRequester(settings);
  }
}

type Pipeline = ReturnType<Redis['pipeline']>;
/** Adds a command, which may take the digest of its script first. */
type AddCommand = (pipeline: Pipeline) => unknown;

/**
 * Redis over Upstash's REST API: one attempt per call and one deadline per request. Calls of one tick share a request, so that
 * each request to the Worker needs a client of its own.
 */
export function makeUpstash(settings: UpstashSettings): Upstash {
  const redis = new UpstashRedis(settings);
  const send = makeBatcher((commands: readonly AddCommand[]) => runPipeline(redis, commands), {
    maxPerCall: Infinity,
    schedule: (flush) => void atEndOfTick(flush),
  });
  const run: RunScript = async (script, keys, args) => {
    try {
      return await send(async (pipeline) => pipeline.evalsha(await script.sha1(), keys, args));
    } catch (error) {
      if (!isNoScript(error)) throw error;
    }
    return send((pipeline) => pipeline.eval(script.text, keys, args));
  };
  return {
    run,
    ping: () => send((pipeline) => pipeline.ping()),
    get: (key) => send((pipeline) => pipeline.get(key)),
  };
}

/** The client's own way to gather calls sends reads and writes apart. */
async function runPipeline(redis: Redis, commands: readonly AddCommand[]) {
  const pipeline = redis.pipeline();
  for (const add of commands) await add(pipeline);
  const replies = await pipeline.exec<unknown[]>({ keepErrors: true });
  return replies.map(({ result, error }) =>
    error === undefined
      ? { status: 'fulfilled' as const, value: result }
      : { status: 'rejected' as const, reason: new RedisError(nameRefusal(error)) },
  );
}

function makeRequester({ url, token, deadlineMs }: UpstashSettings): Requester {
  const base = url.replace(/\/$/, '');
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const request = async ({ path = [], body }: Parameters<Requester['request']>[0]): Promise<object> => {
    const signal = AbortSignal.timeout(deadlineMs);
    // A redirect that is followed would take the commands along, and the token where the platform does not strip it.
    const init: RequestInit = {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
      redirect: 'manual',
    };
    const replies = await fetch([base, ...path].join('/'), init)
      .then(readJson)
      .catch((cause: unknown) => {
        throw new RedisError('Redis did not answer', { cause });
      });
    return requireReplies(replies, body);
  };
  // The client knows of the type of a reply only what its caller says.
  return { request };
}

async function readJson(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  // An unread body would hold its connection.
  await response.body?.cancel();
  throw new Error(`Upstash answered with status ${response.status}`);
}

/** One reply for each command of a pipeline, which is all that is ever sent. The client would take a missing one for undefined. */
function requireReplies(replies: unknown, commands: unknown): object {
  if (!Array.isArray(replies) || !Array.isArray(commands) || replies.length !== commands.length)
    throw new RedisError('Redis did not answer each command');
  return replies.map(toReply);
}

/** A reply that is none is an error of its command alone: the others of the pipeline keep theirs. */
function toReply(reply: unknown): { result: unknown } | { error: string } {
  if (typeof reply !== 'object' || reply === null) return { error: NO_REPLY };
  if ('result' in reply) return { result: reply.result };
  return { error: 'error' in reply && typeof reply.error === 'string' ? reply.error : NO_REPLY };
}

const NO_REPLY = 'this is no reply';

const NO_SCRIPT = 'NOSCRIPT';

/** Redis may quote the command in what it says, so that only this one word of it is kept. */
function nameRefusal(error: string): string {
  return error.startsWith(NO_SCRIPT) ? NO_SCRIPT : 'Redis refused the command';
}

function isNoScript(error: unknown): boolean {
  return error instanceof RedisError && error.message === NO_SCRIPT;
}

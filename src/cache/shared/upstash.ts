import type { Requester } from '@upstash/redis';
import { Redis } from '@upstash/redis/cloudflare';
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
      enableAutoPipelining: true,
      enableTelemetry: false,
    });
    this.client = makeRequester(settings);
  }
}

/**
 * Redis over Upstash's REST API: one attempt per call and one deadline per request. Calls of one tick share a request, so that
 * each request to the Worker needs a client of its own.
 */
export function makeUpstash(settings: UpstashSettings): Upstash {
  const redis = new UpstashRedis(settings);
  const run: RunScript = async (script, keys, args) => {
    const sha1 = await script.sha1();
    try {
      return await redis.evalsha(sha1, keys, args);
    } catch (error) {
      if (!isNoScript(error)) throw withoutCommand(error);
    }
    return redis.eval(script.text, keys, args).catch(throwWithoutCommand);
  };
  return {
    run,
    ping: () => redis.ping().catch(throwWithoutCommand),
    get: (key) => redis.get(key).catch(throwWithoutCommand),
  };
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
  return replies.map((reply: unknown) => (isReply(reply) ? reply : { error: 'this is no reply' }));
}

function isReply(reply: unknown): boolean {
  if (typeof reply !== 'object' || reply === null) return false;
  return 'result' in reply || ('error' in reply && Boolean(reply.error));
}

// The word is looked for at the start: further on, an error may quote a payload.
function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Command failed: NOSCRIPT');
}

/** The client's own errors quote what Redis says, and Redis may quote the command. */
function withoutCommand(error: unknown): RedisError {
  return error instanceof RedisError ? error : new RedisError('Redis refused the command');
}

function throwWithoutCommand(error: unknown): never {
  throw withoutCommand(error);
}

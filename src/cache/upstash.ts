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
}

/**
 * Redis over Upstash's REST API: one attempt per call and one deadline per request. Calls of one tick share a request.
 * Errors name no command: Upstash's own quote it whole.
 */
export function makeUpstash({ url, token, deadlineMs }: UpstashSettings): Upstash {
  const redis = new Redis({
    url,
    token,
    // Given as a function: a static signal that has aborted is answered with the abort reason as if it were the value.
    signal: () => AbortSignal.timeout(deadlineMs),
    // `false` would still fetch twice.
    retry: { retries: 0 },
    automaticDeserialization: false,
    responseEncoding: false,
    // Scripts run on the primary anyway.
    readYourWrites: false,
    enableTelemetry: false,
    enableAutoPipelining: true,
  });
  const run: RunScript = async (script, keys, args) => {
    const sha1 = await script.sha1();
    try {
      return await redis.evalsha(sha1, keys, args);
    } catch (error) {
      if (!isNoScript(error)) throw withoutCommand(error);
    }
    return redis.eval(script.text, keys, args).catch((error: unknown) => {
      throw withoutCommand(error);
    });
  };
  return { run, ping: () => redis.ping() };
}

function isNoScript(error: unknown): boolean {
  // At the start: further on, the message quotes the command, whose payload may hold the word.
  return error instanceof Error && /^(Command failed: )?NOSCRIPT/.test(error.message);
}

function withoutCommand(error: unknown): Error {
  const name = error instanceof Error ? error.name : 'Error';
  return Object.assign(new Error('Redis did not answer'), { name });
}

import { makeCollector } from '../collector.ts';
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

type Command = readonly string[];

/**
 * Redis over Upstash's REST API: one attempt per call and one deadline per request. Calls of one tick share a request.
 * Upstash's own client has a class for every command, 17 kB of the compressed Worker; tests hold the two against each other.
 */
export function makeUpstash(settings: UpstashSettings): Upstash {
  const send = makeCollector((commands: readonly Command[]) => post(settings, commands), {
    maxPerCall: Infinity,
    schedule: (flush) => void atEndOfTick(flush),
  });
  const run: RunScript = async (script, keys, args) => {
    const rest = [String(keys.length), ...keys, ...args];
    const reply = await send(['EVALSHA', await script.sha1(), ...rest]);
    return resultOf(isNoScript(reply) ? await send(['EVAL', script.text, ...rest]) : reply);
  };
  return {
    run,
    ping: async () => resultOf(await send(['PING'])),
    get: async (key) => resultOf(await send(['GET', key])),
  };
}

// Callers that wait for the same promise go on one after the other, each some steps from here.
async function atEndOfTick(send: () => void): Promise<void> {
  await Promise.resolve();
  await Promise.resolve();
  send();
}

/** The reply to each command, in order. */
async function post({ url, token, deadlineMs }: UpstashSettings, commands: readonly Command[]) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const signal = AbortSignal.timeout(deadlineMs);
  // Followed, a redirect would take the commands along, and the token where the platform does not strip it.
  const init: RequestInit = {
    method: 'POST',
    headers,
    body: JSON.stringify(commands),
    signal,
    redirect: 'manual',
  };
  const replies = await fetch(`${url.replace(/\/$/, '')}/pipeline`, init)
    .then(readJson)
    .catch((cause: unknown) => {
      throw new RedisError('Redis did not answer', { cause });
    });
  if (!Array.isArray(replies) || replies.length !== commands.length)
    throw new RedisError('Redis did not answer each command');
  return replies.map((value: unknown) => ({ status: 'fulfilled' as const, value }));
}

async function readJson(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  // Unread it would hold its connection.
  await response.body?.cancel();
  throw new Error(`Upstash answered with status ${response.status}`);
}

function resultOf(reply: unknown): unknown {
  if (isObject(reply) && 'result' in reply) return reply.result;
  throw new RedisError('Redis refused the command');
}

function isNoScript(reply: unknown): boolean {
  return isObject(reply) && 'error' in reply && String(reply.error).startsWith('NOSCRIPT');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { Command as RedisCommand, Redis, ReplyError } from 'ioredis';
import type { HttpCall } from './faulty-answer.ts';
import { isRefusal, json, reasonOf, refusal, type HttpAnswer } from './http-answer.ts';
import { serveHttp, type HttpRequest, type HttpServer } from './http-server.ts';
import { upstashFaults, verbOf } from './upstash-faults.ts';
import { replyJson, type Reply } from './upstash-json.ts';
import { parseUpstashRequest, refuseCommand, type Command, type UpstashRequest } from './upstash-request.ts';

export interface UpstashCounts {
  /** HTTP requests that carried commands. */
  requests: number;
  /** Commands sent to Redis for callers, by name in upper case. */
  commands: Record<string, number>;
}

export interface UpstashBridgeOptions {
  /** 0: any free port. */
  port: number;
  redisUrl: string;
  token: string;
  host?: string;
}

interface Bridge {
  redis: Redis;
  token: string;
  requests: number;
  commands: Map<string, number>;
}

const RECONNECT_MS = 50;
const CONNECT_LIMIT_MS = 2_000;
/** The Neon bridge has the same limit: on a busy machine a command may wait in a long queue. */
const COMMAND_LIMIT_MS = 60_000;

/**
 * Speaks Upstash's REST protocol for the Redis at `redisUrl`, which may start later. Resolves once it listens; rejects
 * with the listen error.
 */
export async function startUpstashBridge({
  port,
  redisUrl,
  token,
  host = '127.0.0.1',
}: UpstashBridgeOptions): Promise<HttpServer<UpstashCounts>> {
  const redis = makeRedis(redisUrl);
  const bridge: Bridge = { redis, token, requests: 0, commands: new Map() };
  return serveHttp(
    {
      accept: (request) => acceptCommands(bridge, request),
      answerError,
      faultTargets: upstashFaults,
      counts: () => ({ requests: bridge.requests, commands: Object.fromEntries(bridge.commands) }),
      resetCounts: () => Object.assign(bridge, { requests: 0, commands: new Map() }),
      stop: () => redis.disconnect(),
    },
    { port, host },
  );
}

function makeRedis(url: string): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    disableClientInfo: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: COMMAND_LIMIT_MS,
    retryStrategy: () => RECONNECT_MS,
    // The client never repeats a command that was sent.
    maxRetriesPerRequest: 0,
    // The offline queue would let MULTI and EXEC overtake the commands between them while the client connects.
    enableOfflineQueue: false,
    stringNumbers: true,
  });
  // A lost connection fails its commands. ioredis would also print the error if there were no listener.
  redis.on('error', () => {});
  redis.setMaxListeners(0);
  return redis;
}

/** Waits until the present or next attempt to connect succeeds or fails. */
function untilReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  if (redis.status === 'wait') redis.connect().catch(() => {});
  return new Promise((resolve, reject) => {
    const settle = () => {
      redis.off('ready', settle).off('close', settle).off('end', settle);
      if (redis.status === 'ready') resolve();
      else reject(new Error('no connection'));
    };
    redis.on('ready', settle).on('close', settle).on('end', settle);
  });
}

function acceptCommands(bridge: Bridge, request: HttpRequest): HttpCall {
  checkToken(request, bridge.token);
  checkFormat(request.headers['upstash-response-format']);
  const parsed = parseUpstashRequest(request);
  bridge.requests += 1;
  const isBase64 = request.headers['upstash-encoding'] === 'base64';
  return {
    verbs: parsed.commands.map(verbOf),
    run: () => answerCommands(bridge, parsed, isBase64),
    runMisencoded: () => answerCommands(bridge, parsed, !isBase64),
  };
}

async function answerCommands(
  bridge: Bridge,
  { kind, commands }: UpstashRequest,
  isBase64: boolean,
): Promise<HttpAnswer> {
  await untilReady(bridge.redis);
  if (kind === 'pipeline') return answerPipeline(bridge, commands, isBase64);
  for (const command of commands) checkCommand(command);
  if (kind === 'multi-exec') return answerTransaction(bridge, commands, isBase64);
  const [reply = null] = await Promise.all(commands.map((command) => send(bridge, command)));
  return { status: 200, body: resultJson(reply, isBase64) };
}

async function answerPipeline(bridge: Bridge, commands: Command[], isBase64: boolean): Promise<HttpAnswer> {
  const replies = await Promise.all(
    commands.map(async (command) => {
      const reason = refuseCommand(command);
      return reason === null ? send(bridge, command).catch(errorReply) : new Error(reason);
    }),
  );
  return listAnswer(replies, isBase64);
}

async function answerTransaction(
  bridge: Bridge,
  commands: Command[],
  isBase64: boolean,
): Promise<HttpAnswer> {
  // The commands are sent in one tick, so that no command of another caller comes between them.
  const opened = sendOwn(bridge.redis, { name: 'MULTI', args: [] });
  const queued = commands.map((command) => send(bridge, command));
  const executed = sendOwn(bridge.redis, { name: 'EXEC', args: [] });
  // A command that cannot be queued makes EXEC fail. Its own error must not go unhandled.
  await Promise.allSettled([opened, ...queued, executed]);
  const replies = await executed;
  if (!Array.isArray(replies)) throw new Error('EXEC gave no list');
  return listAnswer(replies, isBase64);
}

function send(bridge: Bridge, command: Command): Promise<Reply> {
  const { commands, redis } = bridge;
  commands.set(command.name, (commands.get(command.name) ?? 0) + 1);
  return sendOwn(redis, command);
}

function sendOwn(redis: Redis, { name, args }: Command): Promise<Reply> {
  // ioredis leaves the arguments and replies of commands in upper case alone: its transformers are keyed by lower-case
  // names.
  const command = new RedisCommand(name, args);
  // The result is unknown because ioredis' own subclasses differ. Strings come as Buffers when no encoding is set.
  return redis.sendCommand(command) as Promise<Reply>;
}

function errorReply(error: unknown): Error {
  if (isRedisError(error)) return error;
  throw error;
}

function listAnswer(replies: Reply[], isBase64: boolean): HttpAnswer {
  return { status: 200, body: `[${replies.map((reply) => resultJson(reply, isBase64)).join(',')}]` };
}

function resultJson(reply: Reply, isBase64: boolean): string {
  if (reply instanceof Error) return JSON.stringify({ error: reply.message });
  return `{"result":${replyJson(reply, isBase64)}}`;
}

function checkToken({ headers, query }: HttpRequest, token: string): void {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const given = bearer ?? query.get('_token') ?? '';
  if (!timingSafeEqual(sha256(given), sha256(token))) throw refusal(401, 'Unauthorized');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checkFormat(format: string | string[] | undefined): void {
  if (format !== undefined && format !== 'json')
    throw refusal(400, `ERR response format ${String(format)} is not supported`);
}

function checkCommand(command: Command): void {
  const reason = refuseCommand(command);
  if (reason !== null) throw refusal(400, reason);
}

function answerError(error: unknown): HttpAnswer {
  // Upstash answers 400 to a body that is too large.
  if (isRefusal(error)) return json(error.status === 413 ? 400 : error.status, { error: error.message });
  if (isRedisError(error)) return json(400, { error: error.message });
  return json(503, { error: `ERR could not reach Redis: ${reasonOf(error)}` });
}

function isRedisError(error: unknown): error is Error {
  return error instanceof ReplyError;
}

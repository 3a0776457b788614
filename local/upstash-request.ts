import { refusal } from './http-answer.ts';
import type { HttpRequest } from './http-server.ts';

export type Argument = string | Buffer;

export interface Command {
  /** The name in upper case. */
  name: string;
  args: Argument[];
}

export interface UpstashRequest {
  kind: 'single' | 'pipeline' | 'multi-exec';
  commands: Command[];
}

const BODY_ROUTES: Record<string, UpstashRequest['kind']> = {
  '/': 'single',
  '/pipeline': 'pipeline',
  '/multi-exec': 'multi-exec',
};
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT']);

// All callers share one connection, so no command may block it, change its state or end it.
const REFUSED = new Set(
  `SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR
   BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF
   MULTI EXEC DISCARD WATCH UNWATCH SELECT AUTH HELLO RESET QUIT CLIENT ASKING READONLY READWRITE
   SHUTDOWN DEBUG SYNC PSYNC REPLCONF REPLICAOF SLAVEOF FAILOVER`.split(/\s+/),
);

/** Parses the commands that a request carries. Throws a refusal, 4xx, that says what is wrong. */
export function parseUpstashRequest(request: HttpRequest): UpstashRequest {
  const { method, path, body } = request;
  if (!METHODS.has(method)) throw refusal(405, `ERR method ${method} is not allowed`);
  const kind = BODY_ROUTES[path];
  if (kind === undefined) return { kind: 'single', commands: [parsePath(request)] };
  if (method !== 'POST' && method !== 'PUT')
    throw refusal(405, `ERR method ${method} is not allowed, use POST`);
  const payload = parseJson(body);
  if (kind === 'single') return { kind, commands: [parseCommand(payload)] };
  if (!Array.isArray(payload))
    throw refusal(400, `ERR failed to parse ${kind} request, expected an array of arrays`);
  if (payload.length === 0) throw refusal(400, `ERR empty ${kind} request`);
  return { kind, commands: payload.map(parseCommand) };
}

/** The reason why a command cannot be served, as a Redis error; null for a command that can. */
export function refuseCommand({ name, args }: Command): string | null {
  if (REFUSED.has(name))
    return `ERR Command is not available: '${name}', since all callers share one connection`;
  if (isBlockingRead(name, args))
    return `ERR ${name} with BLOCK is not available, since all callers share one connection`;
  return null;
}

function isBlockingRead(name: string, args: Argument[]): boolean {
  if (name !== 'XREAD' && name !== 'XREADGROUP') return false;
  const words = args.map((arg) => String(arg).toUpperCase());
  return words.slice(0, words.indexOf('STREAMS')).includes('BLOCK');
}

// The path is /set/foo/bar, or /set/foo?EX=100 with the value in the body: it then stands between the path and the
// query.
function parsePath({ path, query, body }: HttpRequest): Command {
  const [name = '', ...segments] = path.slice(1).split('/').map(decodeSegment);
  const value: Argument[] = body.length > 0 ? [body] : [];
  const options = [...query].filter(([key]) => key !== '_token').flat();
  return makeCommand(name, [...segments, ...value, ...options.filter((word) => word !== '')]);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw refusal(400, 'ERR the path is not percent-encoded UTF-8');
  }
}

function parseCommand(value: unknown): Command {
  if (!Array.isArray(value)) throw refusal(400, 'ERR failed to parse command, expected an array');
  const [name, ...args] = value.map(parseArgument);
  return makeCommand(name ?? '', args);
}

function makeCommand(name: string, args: Argument[]): Command {
  if (name === '') throw refusal(400, 'ERR empty command');
  return { name: name.toUpperCase(), args };
}

function parseArgument(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isNumberText(value)) return value.text;
  if (value === null) throw refusal(400, 'ERR null args are not supported');
  throw refusal(400, 'ERR arrays and objects are not supported as args');
}

interface NumberText {
  text: string;
  isNumber: typeof numberMark;
}

const numberMark = Symbol('number');

function isNumberText(value: unknown): value is NumberText {
  return typeof value === 'object' && value !== null && 'isNumber' in value && value.isNumber === numberMark;
}

function parseJson(body: Buffer): unknown {
  try {
    // Takes the source text of a number, for its value is rounded beyond 2^53. The types do not know the argument yet.
    const keepNumbers = (_key: string, value: unknown, { source }: { source?: string } = {}) =>
      typeof value === 'number' ? { text: source ?? String(value), isNumber: numberMark } : value;
    return JSON.parse(body.toString(), keepNumbers);
  } catch {
    throw refusal(400, 'ERR failed to parse the body as JSON');
  }
}

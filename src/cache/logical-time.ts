/** A point on the clock that Redis keeps: `n` grows strictly within an epoch, and epochs do not compare. */
export interface LogicalTime {
  readonly epoch: string;
  readonly n: number;
}

/** The token that a write returns: the logical time of its invalidation, or the wall time of an invalidation that failed. */
export type Token = LogicalTime | { readonly unsharedSinceMs: number };

const LOGICAL_TIME = /^([0-9a-f]{16}):(\d{1,16})$/;
const UNSHARED = /^pg:(\d{1,16})$/;
const HALF_EPOCH_LENGTH = 8;
/** `n` is in µs wherever Redis' clock has not stepped back. */
export const US_PER_MS = 1_000;

/** Parses `epoch:n`; null for anything else, numbers above 2^53 included. */
export function parseLogicalTime(text: string): LogicalTime | null {
  const [, epoch, digits] = LOGICAL_TIME.exec(text) ?? [];
  if (epoch === undefined || digits === undefined) return null;
  const n = Number(digits);
  return Number.isSafeInteger(n) ? { epoch, n } : null;
}

/** Parses a token as callers send it back; null when it is malformed. */
export function parseToken(text: string): Token | null {
  const unsharedSinceMs = Number(UNSHARED.exec(text)?.[1]);
  return Number.isSafeInteger(unsharedSinceMs) ? { unsharedSinceMs } : parseLogicalTime(text);
}

export function formatToken(token: Token): string {
  return isLogical(token) ? formatLogicalTime(token) : `pg:${token.unsharedSinceMs}`;
}

export function formatLogicalTime({ epoch, n }: LogicalTime): string {
  return `${epoch}:${n}`;
}

/** The time by the clock of Redis, unless that clock stepped back: `n` is in µs. */
export function dateOf({ n }: LogicalTime): Date {
  return new Date(n / US_PER_MS);
}

export function isLogical(token: Token): token is LogicalTime {
  return 'epoch' in token;
}

/** True if an answer as of `asOf` includes the write that returned `token`. Without a token every answer does. */
export function includesWrite(asOf: LogicalTime | null, token: Token | undefined): boolean {
  if (token === undefined) return true;
  return asOf !== null && isLogical(token) && asOf.epoch === token.epoch && asOf.n >= token.n;
}

export function isSameToken(a: Token | undefined, b: Token | undefined): boolean {
  return a && b ? formatToken(a) === formatToken(b) : a === b;
}

/** True if `a` is known to be later than `b`. Times of different epochs do not compare, and null compares with nothing. */
export function isLater(a: LogicalTime | null, b: LogicalTime | null): boolean {
  return a !== null && b !== null && a.epoch === b.epoch && a.n > b.n;
}

/** Makes a unique name for an epoch, or for the owner of a lease. */
export function randomId(): string {
  // The first and the last digits of a UUID are random, and 64 bits are enough.
  const uuid = crypto.randomUUID();
  return uuid.slice(0, HALF_EPOCH_LENGTH) + uuid.slice(-HALF_EPOCH_LENGTH);
}

/** The event after which no reader can miss a change any more. */
export type Wait = 'nothing' | 'memory' | 'drain-and-memory' | 'read-and-drain-and-memory';

/**
 * The staleness of an answer for one writer and one reader. The table of docs/coherence.md shows it, and the tests hold the service
 * to it.
 */
export interface Bound {
  readonly writer: string;
  readonly reader: string;
  /** Redis answers the writer and the reader. */
  readonly up: Wait;
  /** Redis answers neither. */
  readonly away: Wait;
  /** Redis did not answer the writer, and answers again. */
  readonly back: Wait;
}

const nothing = { up: 'nothing', away: 'nothing', back: 'nothing' } as const;

export const bounds = {
  token: {
    writer: 'this service',
    reader: 'any isolate, with the `Consistency-Token` of the write',
    ...nothing,
  },
  sameIsolate: {
    writer: 'this service',
    reader: 'the isolate that wrote, without a token',
    up: 'nothing',
    away: 'nothing',
    back: 'drain-and-memory',
  },
  otherIsolate: {
    writer: 'this service',
    reader: 'any other isolate, without a token',
    up: 'memory',
    away: 'memory',
    back: 'drain-and-memory',
  },
  unanswered: {
    writer: 'this service, which got no answer or died before its invalidation',
    reader: 'any isolate, without a token',
    up: 'drain-and-memory',
    away: 'memory',
    back: 'drain-and-memory',
  },
  elsewhere: {
    writer: 'anybody else on the database, while there is traffic',
    reader: 'any isolate',
    up: 'read-and-drain-and-memory',
    away: 'memory',
    back: 'drain-and-memory',
  },
  elsewhereInQuiet: {
    writer: 'anybody else on the database, in quiet hours',
    reader: 'any isolate',
    up: 'drain-and-memory',
    away: 'memory',
    back: 'drain-and-memory',
  },
  noCache: { writer: 'anybody', reader: 'any isolate, with `Cache-Control: no-cache`', ...nothing },
} as const satisfies Record<string, Bound>;

import * as z from 'zod';
import type { LogicalTime } from '../logical-time.ts';
import { logicalTime, whole } from './reply.ts';
import type { Forgotten } from './shared-store.ts';

/** The state of one look-up in the shared store. */
export interface SharedDescription {
  /** The name of the entry's key in the store. */
  readonly name: string;
  /** The store's own clock, in µs since 1970. */
  readonly nowUs: number;
  readonly clock: DescribedClock;
  readonly entry: DescribedEntry | 'none' | 'unreadable';
  /** Null when nobody holds the lease. */
  readonly leaseMsLeft: number | null;
  /** `everything`, the tags of the entry, and the tags that the caller asked for. */
  readonly tags: readonly DescribedTag[];
  /** The last loss that was found in the store. */
  readonly forgot?: DescribedLoss;
}

export interface DescribedLoss {
  readonly what: Forgotten;
  readonly atUs: number;
}

export interface DescribedClock {
  /** `spent`: it runs so far ahead of the store's own clock, or is so high, that its next tick begins a new epoch. */
  readonly state: 'known' | 'none' | 'spent' | 'unreadable';
  readonly time: LogicalTime | null;
}

export interface DescribedEntry {
  readonly asOf: LogicalTime;
  readonly bornUs: number;
  readonly freshMs: number;
  readonly lifeMs: number;
  readonly tags: readonly string[];
  readonly payload: string;
}

/** The last invalidation of a tag. */
export interface DescribedTag {
  readonly tag: string;
  readonly state: 'known' | 'none' | 'unreadable';
  readonly time: LogicalTime | null;
}

const Reply = z.tuple([
  whole,
  z.tuple([z.enum(['known', 'none', 'spent', 'unreadable']), logicalTime]),
  z.union([
    z.tuple([z.enum(['none', 'unreadable'])]),
    z.tuple([
      z.literal('known'),
      logicalTime.pipe(z.custom<LogicalTime>(Boolean)),
      whole,
      whole,
      whole,
      z.string(),
      z.string(),
    ]),
  ]),
  whole,
  z.array(z.tuple([z.string(), z.enum(['known', 'none', 'unreadable']), logicalTime])),
  z.string().optional(),
]);
const LOSS = /^(tags|time):(\d{1,16})$/;
type EntryReply = z.output<typeof Reply>[2];

/** Parses the reply of the script. Throws on a reply that the script cannot have given. */
export function toSharedDescription(name: string, leaseMs: number, reply: unknown): SharedDescription {
  const [nowUs, [clockState, clockTime], entry, leaseMsLeft, tags, loss] = Reply.parse(reply);
  const forgot = toLoss(loss);
  return {
    name,
    nowUs,
    clock: { state: clockState, time: clockTime },
    entry: toDescribedEntry(entry),
    // A lease without an end, or with a longer life than any is given, is taken over by the next read.
    leaseMsLeft: leaseMsLeft >= 0 && leaseMsLeft <= leaseMs ? leaseMsLeft : null,
    tags: tags.map(([tag, state, ofTag]) => ({ tag, state, time: ofTag })),
    ...(forgot && { forgot }),
  };
}

/** Parses the note of a loss. Answers null if there is none, and for a text that our scripts do not write. */
export function toLoss(text: unknown): DescribedLoss | null {
  const [, what, atUs] = (typeof text === 'string' && LOSS.exec(text)) || [];
  return what === 'tags' || what === 'time' ? { what, atUs: Number(atUs) } : null;
}

/** Parses the note of a drain, in µs. Answers null if there is none, and for a text that our scripts do not write. */
export function toDrainedAtUs(text: unknown): number | null {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

function toDescribedEntry(reply: EntryReply): SharedDescription['entry'] {
  if (reply[0] !== 'known') return reply[0];
  const [, asOf, bornUs, freshMs, lifeMs, tags, payload] = reply;
  return { asOf, bornUs, freshMs, lifeMs, tags: tags.split('\n').filter(Boolean), payload };
}

import * as z from 'zod';
import type { LogicalTime } from '../logical-time.ts';
import { noteTime, withKnownEpoch } from './newest-time.ts';
import { logicalTime, whole } from './reply.ts';
import type { Forgotten, Sealing, SharedRead, SharedStoreSettings } from './shared-store.ts';

const ReadReply = z.tuple([
  z.enum(['hit', 'load', 'busy']),
  logicalTime,
  logicalTime,
  z.string(),
  z.string(),
  whole,
  z.string().optional(),
  z.enum(['', 'time']).optional(),
]);
const SEALING = /^(\d+):(\d+):(\d+):(\S+)$/;

/** Parses the replies to the reads of one call. Reports a loss that they tell of once. */
export async function toSharedReads(
  replies: readonly unknown[],
  settings: SharedStoreSettings,
): Promise<PromiseSettledResult<SharedRead>[]> {
  // All answers of one call report the same loss.
  const losses = new Set<Forgotten>();
  const answers = replies.map(async (one: unknown) => toSharedRead(one, settings, losses));
  const settled = await Promise.allSettled(answers);
  for (const what of losses) settings.onForgot?.(what);
  return settled;
}

function toSharedRead(reply: unknown, { newest }: SharedStoreSettings, losses: Set<Forgotten>): SharedRead {
  const [status, asOf, entryAsOf, payload, tags, freshMsLeft, seal = '', lost] = ReadReply.parse(reply);
  noteTime(newest, asOf);
  if (lost) losses.add(lost);
  const sealing = toSealing(seal);
  const known = (time: LogicalTime | null) => time && withKnownEpoch(newest, time);
  const stored = known(entryAsOf);
  const entry = stored && { payload, tags: tags.split('\n'), asOf: stored, freshMsLeft, sealing };
  if (status !== 'hit') return { status, asOf: known(asOf), stale: entry };
  const validAt = known(asOf);
  if (!entry || !validAt) throw new Error('a hit without an entry or a time');
  return { status, entry, validAt };
}

function toSealing(text: string): Sealing | undefined {
  const [, freshMs, lifeMs, bornMs, mac = ''] = SEALING.exec(text) ?? [];
  if (mac === '') return undefined;
  return { freshMs: Number(freshMs), lifeMs: Number(lifeMs), bornMs: Number(bornMs), mac };
}

import * as z from 'zod';
import { MINUTE_MS } from '../counts/counts.ts';
import { US_PER_MS } from '../logical-time.ts';
import type { Names } from './names.ts';
import { whole } from './reply.ts';
import { statsScript } from './scripts/counts-script.ts';
import type { RunScript } from './shared-store.ts';

/** What all isolates have counted, minute by minute. */
export interface CountedMinutes {
  /** The time of the store, in ms since 1970. */
  readonly nowMs: number;
  /** In ascending order, and without a gap. The last one is the present minute. */
  readonly minutes: readonly CountedMinute[];
}

export type CountsByCounter = ReadonlyMap<number, number>;

export interface CountedMinute {
  /** Its begin, in ms since 1970. */
  readonly atMs: number;
  /** By the position of the counter; without what was not counted. */
  readonly counts: CountsByCounter;
}

const Reply = z.tuple([whole, z.array(z.string())]);

/** Reads so many minutes, in one call. */
export async function readCountedMinutes(
  run: RunScript,
  { clock, commonArgs }: Names,
  minutes: number,
): Promise<CountedMinutes> {
  const reply = await run(statsScript, [clock], [...commonArgs(), `${minutes}`]);
  const [nowUs, texts] = Reply.parse(reply);
  const nowMs = nowUs / US_PER_MS;
  const lastMs = nowMs - (nowMs % MINUTE_MS);
  return {
    nowMs,
    minutes: texts.map((text, at) => ({
      atMs: lastMs - (texts.length - 1 - at) * MINUTE_MS,
      counts: toCounts(text),
    })),
  };
}

/** What is no count has been written by another program, and counts nothing. */
function toCounts(text: string): CountsByCounter {
  const counts = text.matchAll(/(\d{1,3}):(\d{1,15})(?!\d)/g);
  return new Map([...counts].map(([, counter, count]) => [Number(counter), Number(count)]));
}

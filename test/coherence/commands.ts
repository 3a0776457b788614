import * as fc from 'fast-check';
import type { Call, Calls } from './isolate.ts';
import type { KeyName } from './lab.ts';
import type { LoadPlan } from './lab-read.ts';
import { LOOK_UPS, type LookUpKey } from './look-ups.ts';
import type { Change } from './model-database.ts';
import type { RedisState } from './virtual-redis.ts';

export interface ReadCommand {
  readonly do: 'read';
  readonly isolate: number;
  readonly key: LookUpKey;
  readonly maxAgeMs?: number;
  readonly noCache?: boolean;
  /** Counted from the latest token backwards. */
  readonly token?: number;
  readonly forged?: 'epoch' | 'ahead';
  readonly load?: LoadPlan;
  readonly calls?: Calls;
  readonly diesAfterMs?: number;
}

/** One step of a run, as plain JSON. Steps only begin things; what they begin goes on while later steps wait. */
export type Command =
  | ReadCommand
  | {
      readonly do: 'write';
      readonly isolate: number;
      readonly change: Change;
      readonly commitMs?: number;
      readonly answerMs?: number;
      readonly calls?: Calls;
      readonly diesAfterMs?: number;
    }
  | { readonly do: 'write elsewhere'; readonly change: Change; readonly openMs?: number }
  | {
      readonly do: 'drain';
      readonly isolate: number;
      readonly selectMs?: number;
      readonly writeMs?: number;
      readonly calls?: Calls;
      readonly diesAfterMs?: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'redis is'; readonly state: RedisState }
  | { readonly do: 'redis clock steps'; readonly ms: number }
  | { readonly do: 'flush' }
  | { readonly do: 'lose' | 'corrupt'; readonly key: KeyName }
  | { readonly do: 'replication stops' }
  | { readonly do: 'failover' };

export const ISOLATES = 2;

// fast-check shrinks a constant to the first of its list at once or not at all; an index it shrinks by steps.
const oneOf = <const T>(...values: readonly T[]): fc.Arbitrary<T> =>
  fc.nat({ max: values.length - 1 }).map((index) => {
    // The index is one of the list.
    return values[index] as T;
  });

const isolate = fc.nat({ max: ISOLATES - 1 });
const key = oneOf(...LOOK_UPS);
const id = oneOf(1, 2);
const name = oneOf('a', 'b');
/** Below and above: the waits for a lease, Redis's deadline, the lease, memory, its fifth, the age of a fill. */
const delay = oneOf(1, 30, 100, 240, 1_000, 2_100, 4_500, 20_000, 40_000);
const life = oneOf(1, 100, 1_000, 3_000);
const waits = oneOf(1, 50, 300, 1_000, 2_100, 4_200, 5_001, 10_000, 31_000, 301_000, 3_000_000, 7_270_000);

/** An object with some of the parts, most often none. */
function some<T extends object>(parts: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<
  Partial<T>
> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    // Whatever is required of nothing is partial.
    { weight: 2, arbitrary: fc.record(parts, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>> },
  );
}

const call = some<Call>({ outMs: delay, backMs: delay, lost: oneOf('request', 'reply') });
const dying = some<{ diesAfterMs: number }>({ diesAfterMs: life });

const change = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant('put'), id, name }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('delete'), id }) },
  { weight: 1, arbitrary: fc.constant({ op: 'everything' }) },
) as fc.Arbitrary<Change>;

const read = fc
  .tuple(
    fc.record({ isolate, key }),
    some<Pick<ReadCommand, 'maxAgeMs' | 'noCache' | 'token' | 'forged'>>({
      maxAgeMs: oneOf(0, 500, 4_000),
      noCache: fc.constant(true),
      token: fc.nat({ max: 2 }),
      forged: oneOf('epoch', 'ahead'),
    }),
    some<LoadPlan>({ snapshotMs: delay, answerMs: delay, fails: fc.constant(true) }),
    some<Calls>({ read: call, fill: call }),
    dying,
  )
  .map(([step, demands, load, calls, dies]) =>
    compact({ do: 'read', ...step, ...demands, load, calls, ...dies }),
  );

const write = fc
  .tuple(
    fc.record({ isolate, change }),
    some<{ commitMs: number; answerMs: number }>({ commitMs: delay, answerMs: delay }),
    some<Calls>({ invalidate: call }),
    dying,
  )
  .map(([step, delays, calls, dies]) => compact({ do: 'write', ...step, ...delays, calls, ...dies }));

const writeElsewhere = fc
  .tuple(change, some<{ openMs: number }>({ openMs: delay }))
  .map(([what, open]) => compact({ do: 'write elsewhere', change: what, ...open }));

const drain = fc
  .tuple(
    isolate,
    some<{ selectMs: number; writeMs: number }>({ selectMs: delay, writeMs: delay }),
    some<Calls>({ invalidate: call }),
    dying,
  )
  .map(([where, delays, calls, dies]) => compact({ do: 'drain', isolate: where, ...delays, calls, ...dies }));

const tagName = oneOf<KeyName>('tag:id:1', 'tag:id:2', 'tag:name:a', 'tag:name:b', 'tag:everything');
const keyName = fc.oneof(
  fc.constant<KeyName>('clock'),
  tagName,
  key.map((look): KeyName => `entry:${look}`),
  key.map((look): KeyName => `lease:${look}`),
);

const step = (weight: number, arbitrary: fc.Arbitrary<unknown>) => ({ weight, arbitrary });

/** Runs of steps, mostly reads, writes and waits. */
export const commandsArbitrary = fc.array(
  // Each of these is one of the commands: what compact leaves out was optional.
  fc.oneof(
    step(16, read),
    step(10, fc.record({ do: fc.constant('wait'), ms: waits })),
    step(7, write),
    step(4, writeElsewhere),
    step(5, drain),
    step(2, fc.record({ do: fc.constant('redis is'), state: oneOf('up', 'away', 'hanging', 'full') })),
    step(1, fc.record({ do: fc.constant('redis clock steps'), ms: oneOf(-1_000, -20_000, -7_300_000) })),
    step(1, fc.constant({ do: 'flush' })),
    step(2, fc.record({ do: oneOf('lose', 'corrupt'), key: keyName })),
    step(1, fc.constant({ do: 'replication stops' })),
    step(1, fc.constant({ do: 'failover' })),
  ) as fc.Arbitrary<Command>,
  { minLength: 1, maxLength: 24, size: 'max' },
);

/** Without the parts that are empty: what is recorded is to be read. */
function compact(parts: object): object {
  const isEmpty = (part: unknown): boolean =>
    part === undefined || (typeof part === 'object' && part !== null && Object.keys(part).length === 0);
  const kept = Object.entries(parts).map(([named, part]) => [
    named,
    typeof part === 'object' && part !== null ? compact(part) : part,
  ]);
  return Object.fromEntries(kept.filter(([, part]) => !isEmpty(part)));
}

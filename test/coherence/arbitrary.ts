import * as fc from 'fast-check';
import { type Command, ISOLATES, type ReadCommand } from './commands.ts';
import type { Call } from './isolate.ts';
import type { KeyName } from './lab.ts';
import type { LoadPlan } from './lab-read.ts';
import { LOOK_UPS, type LookUpKey } from './look-ups.ts';
import type { Change } from './model-database.ts';

/**
 * What a run is made of. Each run has a part of the possible only: with all of it everywhere, the few steps that make a
 * race would hardly ever meet.
 */
interface Ingredients {
  readonly keys: readonly LookUpKey[];
  readonly ids: readonly number[];
  /** The lengths of calls and of waits between steps, in ms. */
  readonly delays: readonly number[];
  readonly waits: readonly number[];
  /** The chance of an optional part, in eighths. */
  readonly often: number;
  readonly kinds: readonly Kind[];
}

type Kind =
  | 'demands'
  | 'write elsewhere'
  | 'drain'
  | 'redis is'
  | 'clock'
  | 'flush'
  | 'lose'
  | 'corrupt'
  | 'failover';

const KINDS: readonly Kind[] = [
  'demands',
  'write elsewhere',
  'drain',
  'redis is',
  'clock',
  'flush',
  'lose',
  'corrupt',
  'failover',
];

// Below and above: the waits for a lease, Redis's deadline, the lease, memory and its last fifth, the age of a fill,
// the second pass, the lives of entries, the life of tags.
const PACES: readonly Pick<Ingredients, 'delays' | 'waits'>[] = [
  { delays: [1, 30, 100], waits: [1, 50, 100, 300] },
  { delays: [1, 240], waits: [1, 100, 2_600, 4_000, 5_001] },
  { delays: [100, 240, 1_000], waits: [100, 300, 1_000, 2_100, 5_001] },
  { delays: [240, 1_000, 2_100, 4_500], waits: [300, 1_000, 2_100, 3_000, 4_200, 5_001] },
  { delays: [1, 100, 2_100], waits: [1, 1_000, 5_001, 10_000, 20_000, 31_000] },
  { delays: [1, 300, 4_500], waits: [1, 300, 5_001, 10_000, 295_000, 301_000, 3_000_000, 7_270_000] },
];
/** Delays of events for which no request waits. */
const LATE = [20_000, 29_000, 40_000];
/** Longer than tags live. */
const VERY_LATE_MS = 7_290_000;
const CLOCK_STEPS = [-1_000, -20_000, -7_300_000];

const oneOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const ingredients: fc.Arbitrary<Ingredients> = fc
  .record({
    keys: fc.oneof(
      { weight: 3, arbitrary: oneOf(LOOK_UPS).map((key) => [key]) },
      { weight: 1, arbitrary: fc.subarray([...LOOK_UPS], { minLength: 1 }) },
    ),
    ids: fc.subarray([1, 2], { minLength: 1 }),
    pace: oneOf(PACES),
    often: fc.integer({ min: 1, max: 4 }),
    kinds: fc.oneof(fc.subarray([...KINDS], { maxLength: 3 }), fc.subarray([...KINDS])),
  })
  .map(({ pace, ids, ...others }) => ({ ...pace, ...others, ids: idsOf(others.keys) ?? ids }));

// Most writes should change rows that the run reads.
function idsOf([key, ...others]: readonly LookUpKey[]): readonly number[] | null {
  return key?.startsWith('id:') && others.length === 0 ? [Number(key.slice('id:'.length))] : null;
}

/** Runs of steps, mostly reads, writes and waits. */
export const randomCommands: fc.Arbitrary<Command[]> = fc
  .tuple(fc.boolean(), ingredients.chain(makeCommands))
  .map(([isFollowing, commands]) => (isFollowing ? commands : [{ do: 'no log' }, ...commands]));

function makeCommands(run: Ingredients): fc.Arbitrary<Command[]> {
  const weighted = (weight: number, kind: Kind, arbitrary: fc.Arbitrary<unknown>) =>
    run.kinds.includes(kind) ? [{ weight, arbitrary }] : [];
  const step = fc.oneof(
    { weight: 12, arbitrary: makeRead(run) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('wait'), ms: oneOf(run.waits) }) },
    { weight: 6, arbitrary: makeWrite(run) },
    ...weighted(4, 'write elsewhere', makeWriteElsewhere(run)),
    ...weighted(6, 'drain', makeDrain(run)),
    ...weighted(
      3,
      'redis is',
      fc.record({ do: fc.constant('redis is'), state: oneOf(['up', 'away', 'hanging', 'full']) }),
    ),
    ...weighted(2, 'clock', fc.record({ do: fc.constant('redis clock steps'), ms: oneOf(CLOCK_STEPS) })),
    ...weighted(2, 'flush', fc.constant({ do: 'flush' })),
    ...weighted(3, 'lose', fc.record({ do: fc.constant('lose'), key: makeKeyName(run) })),
    ...weighted(3, 'corrupt', fc.record({ do: fc.constant('corrupt'), key: makeKeyName(run) })),
    ...weighted(2, 'failover', fc.record({ do: oneOf(['replication stops', 'failover']) })),
  );
  // Each of these is a command: what compact leaves out was optional.
  return fc.array(step, { minLength: 1, maxLength: 14, size: 'max' }) as fc.Arbitrary<Command[]>;
}

type Demands = Pick<ReadCommand, 'maxAgeMs' | 'noCache' | 'token' | 'forged'>;

const isolate = fc.nat({ max: ISOLATES - 1 });

/** An object of parts of which each is missing more often than not, and the rare ones most often. */
function some<T extends object>(
  { often }: Ingredients,
  parts: { [Name in keyof T]: fc.Arbitrary<T[Name]> },
  rare: readonly (keyof T)[] = [],
): fc.Arbitrary<Partial<T>> {
  const named = Object.entries<fc.Arbitrary<unknown>>(parts).map(([name, part]) => {
    const weight = rare.some((other) => other === name) ? 1 : often;
    return [
      name,
      fc.oneof({ weight: 8 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary: part }),
    ];
  });
  // Whatever may be undefined is partial once compact has been at it.
  return fc.record(Object.fromEntries(named)) as fc.Arbitrary<Partial<T>>;
}

function makeCall(run: Ingredients, outMs = oneOf(run.delays)): fc.Arbitrary<Call> {
  return some<Call>(run, { outMs, backMs: oneOf(run.delays), lost: oneOf(['request', 'reply']) }, ['lost']);
}

function makeLateCall(run: Ingredients): fc.Arbitrary<Call> {
  const late = fc.oneof(
    { weight: 6, arbitrary: oneOf(run.delays) },
    { weight: 2, arbitrary: oneOf(LATE) },
    { weight: 1, arbitrary: fc.constant(VERY_LATE_MS) },
  );
  return makeCall(run, late);
}

function makeDying(run: Ingredients): fc.Arbitrary<{ diesAfterMs?: number }> {
  return some<{ diesAfterMs: number }>(run, { diesAfterMs: oneOf(run.delays) }, ['diesAfterMs']);
}

function makeChange({ keys, ids }: Ingredients): fc.Arbitrary<Change> {
  const [id, name] = [oneOf(ids), oneOf(['a', 'b'])];
  return fc.oneof(
    { weight: 8, arbitrary: fc.record({ op: fc.constant('put'), id, name }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('delete'), id }) },
    {
      weight: keys.includes('chosen') ? 4 : 0,
      arbitrary: fc.record({ op: fc.constant('choose'), id: oneOf([1, 2]) }),
    },
    { weight: 1, arbitrary: fc.constant({ op: 'everything' }) },
  ) as fc.Arbitrary<Change>;
}

function makeDemands(run: Ingredients): fc.Arbitrary<Demands> {
  const kinds = [
    fc.record({ maxAgeMs: oneOf([0, 500, 2_000, 4_000]) }),
    fc.constant({ noCache: true }),
    fc.record({ token: fc.nat({ max: 2 }) }),
    fc.record({ forged: oneOf(['epoch', 'ahead']) }),
  ];
  const none = { weight: run.kinds.includes('demands') ? 6 : 1, arbitrary: fc.constant({}) };
  const demands = run.kinds.includes('demands') ? kinds.map((arbitrary) => ({ weight: 1, arbitrary })) : [];
  return fc.oneof(none, ...demands) as fc.Arbitrary<Demands>;
}

function makeRead(run: Ingredients): fc.Arbitrary<object> {
  const delay = oneOf(run.delays);
  const parts = {
    step: fc.record({ isolate, key: oneOf(run.keys) }),
    others: some<{ with: LookUpKey[] }>(run, { with: fc.subarray([...LOOK_UPS], { maxLength: 3 }) }, [
      'with',
    ]),
    demands: makeDemands(run),
    load: some<LoadPlan>(run, { snapshotMs: delay, answerMs: delay, fails: fc.constant(true) }, [
      'fails',
      'snapshotMs',
    ]),
    calls: fc.record({ read: makeCall(run), fill: makeLateCall(run) }),
    dying: makeDying(run),
  };
  return fc
    .record(parts)
    .map(({ step, others, demands, load, calls, dying }) =>
      compact({ do: 'read', ...step, ...others, ...demands, load, calls, ...dying }),
    );
}

function makeWrite(run: Ingredients): fc.Arbitrary<object> {
  const delay = oneOf(run.delays);
  const parts = {
    step: fc.record({ isolate, change: makeChange(run) }),
    delays: some<{ commitMs: number; answerMs: number }>(run, { commitMs: delay, answerMs: delay }),
    calls: fc.record({ invalidate: makeCall(run) }),
    dying: makeDying(run),
  };
  return fc
    .record(parts)
    .map(({ step, delays, calls, dying }) => compact({ do: 'write', ...step, ...delays, calls, ...dying }));
}

function makeWriteElsewhere(run: Ingredients): fc.Arbitrary<object> {
  const open = some<{ openMs: number }>(run, { openMs: oneOf(run.delays) });
  return fc
    .record({ change: makeChange(run), open })
    .map(({ change, open: opened }) => compact({ do: 'write elsewhere', change, ...opened }));
}

function makeDrain(run: Ingredients): fc.Arbitrary<object> {
  const delay = oneOf(run.delays);
  const parts = {
    where: isolate,
    delays: some<{ selectMs: number; writeMs: number }>(run, { selectMs: delay, writeMs: delay }),
    calls: fc.record({ invalidate: makeCall(run) }),
    dying: makeDying(run),
  };
  return fc
    .record(parts)
    .map(({ where, delays, calls, dying }) =>
      compact({ do: 'drain', isolate: where, ...delays, calls, ...dying }),
    );
}

function makeKeyName({ keys, ids }: Ingredients): fc.Arbitrary<KeyName> {
  const tags = [...new Set(['everything', ...keys, ...ids.map((id) => `id:${id}`)])];
  return fc.oneof(
    { weight: 3, arbitrary: oneOf(tags).map((tag): KeyName => `tag:${tag}`) },
    { weight: 1, arbitrary: oneOf(keys).map((key): KeyName => `entry:${key}`) },
    { weight: 1, arbitrary: oneOf(keys).map((key): KeyName => `lease:${key}`) },
    { weight: 1, arbitrary: fc.constant<KeyName>('clock') },
    { weight: 1, arbitrary: fc.constant<KeyName>('log') },
  );
}

/** Removes empty parts, so that people can read the recorded steps. */
function compact(parts: object): object {
  const isEmpty = (part: unknown): boolean =>
    part === undefined || (typeof part === 'object' && part !== null && Object.keys(part).length === 0);
  const isNested = (part: unknown): part is object =>
    typeof part === 'object' && part !== null && !Array.isArray(part);
  const kept = Object.entries(parts).map(([named, part]) => [named, isNested(part) ? compact(part) : part]);
  return Object.fromEntries(kept.filter(([, part]) => !isEmpty(part)));
}

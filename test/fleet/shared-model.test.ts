import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogicalTime } from '../../src/cache/logical-time.ts';
import { LONGEST_LIFE_MS } from '../../src/cache/shared/entry-bounds.ts';
import type { Fill, SharedStore } from '../../src/cache/shared/shared-store.ts';
import { makeRandom, type Random } from '../../bench/fleet/random.ts';
import type { SharedModel } from '../../bench/fleet/redis/shared-model.ts';
import { type Engine, isOnServer, makeEngine } from '../coherence/engine.ts';
import { scaled, seed } from '../support/scale.ts';
import { makeAlike, makePair as makePairOn, type Pair, pick, START_MS } from './pair.ts';

const KEYS = ['a', 'b', 'c'];
const TAGS = ['everything', 't1', 't2', 't3'];
const OWNERS = ['me', 'you', 'they'];
/** Waits that meet every edge: of the lease, the fresh life, the whole life, a late fill and the life of tags. */
const WAITS_MS = [
  0, 0, 0, 1, 20, 500, 1_999, 2_000, 29_999, 30_001, 299_999, 300_001, 3_600_000, 7_200_500, 7_260_000,
];

let engine: Engine;

beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

const makePair = (): Pair => makePairOn(engine);

interface Times {
  readonly real: (LogicalTime | null)[];
  readonly model: (LogicalTime | null)[];
}

/** Makes one random call on both sides. A logical time in it comes from an earlier answer. */
function callBoth({ real, model }: Pair, random: Random, times: Times): [Promise<unknown>, unknown] {
  const [key, owner] = [pick(random, KEYS), pick(random, OWNERS)];
  const tags = TAGS.slice(1).filter(() => random.uniform() < 0.4);
  const at = Math.floor(random.uniform() * times.real.length);
  const [realTime, modelTime] = [times.real[at] ?? null, times.model[at] ?? null];
  const kind = random.uniform();
  if (kind < 0.4) {
    const mode = pick(random, ['any', 'any', 'any', 'any', 'none', 'drop'] as const);
    const hasLeast = random.uniform() < 0.2;
    return [
      real.read(key, owner, mode, hasLeast ? realTime : null),
      model.read(key, owner, mode, hasLeast ? modelTime : null),
    ];
  }
  if (kind < 0.75) {
    const life = pick(random, [
      { freshMs: 300_000, staleMs: 3_600_000 },
      { freshMs: 500, staleMs: 0 },
    ]);
    const fill = { payload: `"${random.uniform()}"`, tags: tags.length > 0 ? tags : ['t1'], ...life };
    const asOf = { epoch: 'f'.repeat(16), n: 1 };
    const to = (time: LogicalTime | null): Fill => ({ ...fill, asOf: time ?? asOf });
    return [real.fill(key, owner, to(realTime)), model.fill(key, owner, to(modelTime))];
  }
  if (kind < 0.8) return [real.release(key, owner), model.release(key, owner)];
  if (kind < 0.9) {
    const hit = random.uniform() < 0.1 ? ['everything'] : tags;
    return [real.invalidate(hit), model.invalidate(hit)];
  }
  return [real.describe(key, tags), model.describe(key, tags)];
}

function timeIn(answer: unknown): LogicalTime | null {
  if (typeof answer !== 'object' || answer === null) return null;
  if ('n' in answer) return answer as LogicalTime;
  return 'asOf' in answer ? (answer.asOf as LogicalTime | null) : null;
}

function note(times: Times, real: unknown, model: unknown): void {
  const time = timeIn(real);
  if (!time) return;
  times.real.unshift(time);
  times.model.unshift(timeIn(model));
  // A fill may still come with the latest times.
  times.real.length = times.model.length = Math.min(times.real.length, 4);
}

test('the model of the shared store answers what its scripts answer', async () => {
  const seen = new Set<string>();
  for (let run = 0; run < scaled(30, isOnServer ? 2_000 : 400); run++) {
    const pair = makePair();
    const [alikeReal, alikeModel] = [makeAlike(), makeAlike()];
    const random = makeRandom(seed, run);
    const times: Times = { real: [], model: [] };
    for (let step = 0; step < 60; step++) {
      pair.wait(pick(random, WAITS_MS.slice(0, random.uniform() < 0.8 ? 6 : undefined)));
      const [realAnswer, model] = callBoth(pair, random, times);
      const real = await realAnswer;
      expect(alikeModel(withoutName(model)), `SEED=${seed}, run ${run}, step ${step}`).toEqual(
        alikeReal(withoutName(real)),
      );
      note(times, real, model);
      seen.add(kindOf(real));
    }
  }
  // A status that never occurred has not been compared.
  const statuses = [
    'hit',
    'load',
    'busy',
    'stale',
    'stored',
    'released',
    'epoch',
    'late',
    'older',
    'invalidated',
  ];
  expect([...seen]).toEqual(expect.arrayContaining(statuses));
});

function withoutName(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'name' in answer ? { ...answer, name: '' } : answer;
}

function kindOf(answer: unknown): string {
  if (typeof answer === 'string') return answer;
  if (typeof answer !== 'object' || answer === null) return 'none';
  if ('stale' in answer && answer.stale !== null) return 'stale';
  return 'status' in answer ? String(answer.status) : 'other';
}

test('what is planted is a hit for the rest of its fresh life, and falls with its tags', () => {
  const { model } = makePair();
  const entry = { payload: '1', tags: ['t1'], freshMs: 300_000, staleMs: 0 };
  model.plant('a', START_MS - 100_000, entry);
  expect(model.read('a', 'me', 'any', null)).toMatchObject({
    status: 'hit',
    entry: { freshMsLeft: 200_000 },
  });
  model.invalidate(['t1']);
  expect(model.read('a', 'me', 'any', null)).toMatchObject({ status: 'load', stale: null });
});

test('an entry whose fresh life ends now is stale, and a tag is remembered for a minute longer than any entry', async () => {
  const { real, model, wait } = makePair();
  const asOf = async (store: Pick<SharedStore, 'read'> | SharedModel): Promise<LogicalTime> =>
    timeIn(await store.read('a', 'me', 'any', null)) as LogicalTime;
  const entry = { payload: '1', tags: ['t1'], freshMs: 500, staleMs: 500 };
  await real.fill('a', 'me', { ...entry, asOf: await asOf(real) });
  model.fill('a', 'me', { ...entry, asOf: await asOf(model) });
  await real.invalidate(['t2']);
  model.invalidate(['t2']);
  wait(500);
  expect(makeAlike()(model.read('a', 'me', 'any', null))).toEqual(
    makeAlike()(await real.read('a', 'me', 'any', null)),
  );
  wait(LONGEST_LIFE_MS + 50_000);
  const described = await real.describe('a', ['t2']);
  expect(described.tags.map(({ state }) => state)).toEqual(['none', 'known']);
  expect(makeAlike()(withoutName(model.describe('a', ['t2'])))).toEqual(makeAlike()(withoutName(described)));
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogicalTime } from '../../src/cache/logical-time.ts';
import type { LogCursor, LogNews } from '../../src/cache/shared/invalidation-log.ts';
import type { SharedRead } from '../../src/cache/shared/shared-store.ts';
import { LOG_BOUNDS, type LogBounds } from '../../bench/fleet/redis/log-model.ts';
import { makeRandom, type Random } from '../../bench/fleet/random.ts';
import { type Engine, isOnServer, makeEngine } from '../coherence/engine.ts';
import { scaled, seed } from '../support/scale.ts';
import { makeAlike, makePair, type Pair, pick } from './pair.ts';

/** So few that every run of some steps meets them. With the second ones the log is cut before the news are too many. */
const NARROW = [
  { maxNews: 4, maxMembers: 12, lifeMs: LOG_BOUNDS.lifeMs },
  { maxNews: 9, maxMembers: 6, lifeMs: LOG_BOUNDS.lifeMs },
] as const satisfies readonly LogBounds[];
const TAGS = ['everything', ...Array.from({ length: 9 }, (_, i) => `t:${i}`)];
const SHORT_WAITS_MS = [0, 0, 0, 1, 700, 5_000];
/** About the age at which the log is cut. */
const LONG_WAITS_MS = [299_999, 300_000, 300_001];

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

/** One that follows the log: its cursor on either side, which may be one that was never given. */
interface Follower {
  real: LogCursor | null;
  model: LogCursor | null;
}

interface Run {
  readonly pair: Pair;
  readonly random: Random;
  readonly followers: Follower[];
  /** The latest as-of on either side. */
  asOf: { real: LogicalTime; model: LogicalTime } | undefined;
}

/** What one step answers on either side. */
type Both = readonly [real: unknown, model: unknown];

/** The news alone, for this follower, who keeps the cursor. */
async function follow({ pair }: Pick<Run, 'pair'>, follower: Follower): Promise<Both> {
  const { news: real } = await pair.withNews(follower.real, (store) => store.follow());
  const model = pair.model.follow(follower.model);
  note(follower, real, model);
  return [{ news: real }, { news: model }];
}

/** A read and the news beside it. */
async function read(run: Run, follower: Follower): Promise<Both> {
  const { pair, random } = run;
  const mode = pick(random, ['any', 'any', 'none'] as const);
  const real = await pair.withNews(follower.real, (store) => store.read('k', 'me', mode, null));
  const model = pair.model.readWithNews('k', 'me', mode, null, follower.model);
  note(follower, real.news, model.news);
  const [realAsOf, modelAsOf] = [asOfIn(real.answer), asOfIn(model.answer)];
  if (realAsOf && modelAsOf) run.asOf = { real: realAsOf, model: modelAsOf };
  return [real, model];
}

function asOfIn(answer: SharedRead): LogicalTime | null {
  return answer.status === 'hit' ? null : answer.asOf;
}

async function ask(run: Run): Promise<Both> {
  const follower = pick(run.random, run.followers);
  return run.random.uniform() < 0.4 ? follow(run, follower) : read(run, follower);
}

function note(follower: Follower, real: LogNews | null, model: LogNews | null): void {
  if (!real || !model) return;
  follower.real = real.cursor;
  follower.model = model.cursor;
}

async function invalidate({ pair, random }: Run): Promise<Both> {
  const tags = TAGS.filter(() => random.uniform() < 0.15);
  const hit = tags.length > 0 ? [...tags, ...tags.slice(1)].toReversed() : [pick(random, TAGS)];
  return [await pair.real.invalidate(hit), pair.model.invalidate(hit)];
}

async function fill({ asOf, pair }: Run): Promise<Both> {
  if (!asOf) return [null, null];
  const entry = { payload: '1', tags: ['t:1'], freshMs: 300_000, staleMs: 0 };
  return [
    await pair.real.fill('k', 'me', { ...entry, asOf: asOf.real }),
    pair.model.fill('k', 'me', { ...entry, asOf: asOf.model }),
  ];
}

/** Another isolate begins, or one comes back with a cursor that was never given. */
async function disturb({ followers, random }: Run): Promise<Both> {
  const at = Math.floor(random.uniform() * followers.length);
  const { real, model } = followers[at] as Follower;
  const forged = <T extends LogCursor | null>(cursor: T) => cursor && { ...cursor, id: '0'.repeat(16) };
  const isNew = random.uniform() < 0.5;
  followers[at] = isNew ? { real: null, model: null } : { real: forged(real), model: forged(model) };
  return [null, null];
}

async function lose({ pair, random }: Run): Promise<Both> {
  await pair.loseBoth(pick(random, ['clock', 'log', 'everything']));
  return [null, null];
}

/** The steps, each as often as it stands here. */
const STEPS = [
  ...Array.from({ length: 10 }, () => ask),
  ...Array.from({ length: 6 }, () => invalidate),
  ...Array.from({ length: 2 }, () => fill),
  disturb,
  lose,
];

const KINDS = ['no clock', 'gap', '0 news', '1 news', 'most news'] as const;
/** A few rounds may go by without one of them. */
const MOST_ROUNDS = 1_000;

function kindOf([, told]: Both, { maxNews }: LogBounds): string {
  if (typeof told !== 'object' || told === null || !('news' in told)) return 'no question';
  const news = told.news as LogNews | null;
  if (!news) return 'no clock';
  if (news.isGap) return 'gap';
  return news.tags.length === maxNews ? 'most news' : `${Math.min(news.tags.length, 1)} news`;
}

test('the model of the log tells the news and the gaps that the scripts tell, whatever is trimmed or lost', async () => {
  const rounds = scaled(12, isOnServer ? 1_000 : 200);
  const seen = new Set<string>();
  // A kind that never occurred has not been compared.
  const isDone = (round: number) => round >= rounds && KINDS.every((kind) => seen.has(kind));
  for (let round = 0; round < MOST_ROUNDS && !isDone(round); round++) {
    const bounds = NARROW[(round % 2) as 0 | 1];
    const run: Run = {
      pair: makePair(engine, bounds),
      random: makeRandom(seed, round),
      followers: Array.from({ length: 3 }, () => ({ real: null, model: null })),
      asOf: undefined,
    };
    const [alikeReal, alikeModel] = [makeAlike(), makeAlike()];
    for (let step = 0; step < 60; step++) {
      run.pair.wait(pick(run.random, run.random.uniform() < 0.9 ? SHORT_WAITS_MS : LONG_WAITS_MS));
      const both = await pick(run.random, STEPS)(run);
      expect(alikeModel(both[1]), `SEED=${seed}, run ${round}, step ${step}`).toEqual(alikeReal(both[0]));
      seen.add(kindOf(both, bounds));
    }
  }
  expect([...seen]).toEqual(expect.arrayContaining([...KINDS]));
});

const tagsOf = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}:${i}`);

test('at the bounds of the product five hundred tags are news, and ten thousand members are kept', async () => {
  const pair = makePair(engine);
  const [alikeReal, alikeModel] = [makeAlike(), makeAlike()];
  const isGap = async (follower: Follower): Promise<boolean> => {
    const [real, model] = await follow({ pair }, follower);
    expect(alikeModel(model)).toEqual(alikeReal(real));
    return (model as { readonly news: LogNews }).news.isGap;
  };
  const invalidateTags = async (tags: readonly string[]): Promise<void> => {
    const time = await pair.real.invalidate(tags);
    expect(alikeModel(pair.model.invalidate(tags))).toEqual(alikeReal(time));
  };
  const [steady, early]: [Follower, Follower] = [
    { real: null, model: null },
    { real: null, model: null },
  ];
  await invalidateTags(['first']);
  for (const follower of [steady, early]) expect(await isGap(follower)).toBe(true);
  await invalidateTags(tagsOf('a', LOG_BOUNDS.maxNews));
  expect(await isGap(steady)).toBe(false);
  await invalidateTags(tagsOf('b', LOG_BOUNDS.maxNews + 1));
  expect(await isGap(steady)).toBe(true);
  for (let i = 0; i < LOG_BOUNDS.maxMembers / 1_000; i++) await invalidateTags(tagsOf(`c${i}`, 1_000));
  expect(await isGap(early)).toBe(true);
  await invalidateTags(['last']);
  for (const follower of [early]) expect(await isGap(follower)).toBe(false);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { forgetEntries } from '../../local/forget-entries.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import { startWorkerd } from './account-process.ts';
import type { Engines, Store } from './engines.ts';
import { askNow, type Sample, startLoad } from './load.ts';
import { isFrom } from './outage-figures.ts';
import { type Outage, postgresOnly } from './outages.ts';
import type { Question, Reach, Town } from './town.ts';

/** The rate and the lengths of a run: before the outage, during it and after it. */
export interface Pace {
  readonly ratePerS: number;
  readonly mostUnanswered: number;
  readonly leadMs: number;
  readonly outageMs: number;
  readonly afterMs: number;
}

export interface RunSettings extends Pace {
  /** Vars that override those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
}

/** The result of one outage; times in ms on the clock of this process. */
export interface OutageRun {
  readonly outage: Outage;
  readonly samples: readonly Sample[];
  /** Hot answers were read into memory at this time or later. */
  readonly refreshedMs: number;
  /** The stores went away between `beganMs` and `awayMs`, and came back between `endingMs` and `endedMs`. */
  readonly beganMs: number;
  readonly awayMs: number;
  readonly endingMs: number;
  readonly endedMs: number;
  /** Every store that was out has answered again. */
  readonly recoveredMs: number;
  /** The breaker of Redis has opened by this time, if Redis was out. */
  readonly middleMs: number;
  /** The requests that reached each bridge from the middle to the end. */
  readonly asked: Readonly<Record<Store, number>>;
}

const SHARES: Readonly<Record<Reach, number>> = { hot: 0.6, shared: 0.2, stale: 0.05, cold: 0.15 };
const STORES = ['redis', 'postgres'] as const;
const SPARE_COLD = 5_000;
const AGED_BY_US = 400_000_000n;
const WARM_UP_AT_ONCE = 8;
const POLL_MS = 10;

/** The numbers of questions that last for a run. A shared one is asked again after memory has forgotten it. */
export function townSizes({ ratePerS, leadMs, outageMs, afterMs }: Pace): Record<Reach, number> {
  const requests = (ratePerS * (leadMs + outageMs + afterMs)) / 1_000;
  // Far more cold questions than the average: a busy machine stretches the run, and the load goes on meanwhile.
  const cold = Math.ceil(requests * SHARES.cold * 1.5) + SPARE_COLD;
  return { hot: 40, shared: Math.min(400, Math.ceil(requests / 10)), stale: 40, cold };
}

/** Puts a fresh workerd under load, takes the stores away, and gives them back. */
export async function runOutage(
  engines: Engines,
  town: Town,
  outage: Outage,
  settings: RunSettings,
): Promise<OutageRun> {
  await fillRedis(engines, town);
  const env = { ...engines.env, ...settings.vars };
  const workerd = await startWorkerd({ env });
  try {
    if (outage === postgresOnly) await begin(engines, outage);
    return await loadThrough(engines, town, outage, settings, workerd.url);
  } finally {
    await end(engines);
    await workerd.close();
  }
}

async function loadThrough(
  engines: Engines,
  town: Town,
  outage: Outage,
  settings: RunSettings,
  url: string,
): Promise<OutageRun> {
  const mix = makeMix(town, settings.random);
  const load = startLoad(url, settings, mix.next);
  const passed = await passOutage(engines, town, outage, settings, url, mix).finally(() => load.stop());
  return { outage, samples: await load.samples, ...passed };
}

async function passOutage(
  engines: Engines,
  town: Town,
  outage: Outage,
  settings: RunSettings,
  url: string,
  mix: ReturnType<typeof makeMix>,
): Promise<Omit<OutageRun, 'outage' | 'samples'>> {
  await sleep(settings.leadMs);
  const refreshedMs = performance.now();
  await refresh(url, town.hot);
  const beganMs = performance.now();
  mix.askStale();
  await begin(engines, outage);
  const awayMs = performance.now();
  await sleep(settings.outageMs / 2);
  if (outage.stores.includes('redis')) await untilAnswered(url, mix.askCold, isBreakerOpen);
  const [middleMs, before] = [performance.now(), await countBoth(engines)];
  await sleep(settings.outageMs / 2);
  const [after, endingMs] = [await countBoth(engines), performance.now()];
  await end(engines);
  const endedMs = performance.now();
  for (const store of outage.stores) await untilAnswered(url, mix.askCold, (sample) => isFrom(store, sample));
  const recoveredMs = performance.now();
  await sleep(settings.afterMs);
  const asked = { redis: after.redis - before.redis, postgres: after.postgres - before.postgres };
  return { refreshedMs, beganMs, awayMs, middleMs, endingMs, endedMs, recoveredMs, asked };
}

/** Asks until an answer is the wanted one. */
async function untilAnswered(
  url: string,
  next: () => Question,
  isWanted: (sample: Sample) => boolean,
): Promise<void> {
  while (!isWanted(await askNow(url, next()))) await sleep(POLL_MS);
}

function isBreakerOpen({ cacheStatus }: Sample): boolean {
  return cacheStatus.includes('detail=breaker-open');
}

async function begin(engines: Engines, { stores, fault }: Outage): Promise<void> {
  await Promise.all(stores.map((store) => engines.fault(store, [fault(store)])));
}

async function end(engines: Engines): Promise<void> {
  await Promise.all(STORES.map((store) => engines.fault(store, [])));
}

async function countBoth(engines: Engines): Promise<Record<Store, number>> {
  const [redis, postgres] = await Promise.all([
    engines.countRequests('redis'),
    engines.countRequests('postgres'),
  ]);
  return { redis, postgres };
}

async function refresh(url: string, hot: readonly Question[]): Promise<void> {
  await Promise.all(hot.map((question) => askNow(url, question, { 'Cache-Control': 'max-age=0' })));
}

/** Draws questions by their shares. Each stale question comes once, since one answer makes it fresh. */
function makeMix(town: Town, random: () => number) {
  const cold = town.cold.values();
  let isStaleAsked = false;
  const require = (question: Question | undefined): Question => {
    if (!question) throw new Error('the town has too few questions');
    return question;
  };
  const draw = (questions: readonly Question[]) =>
    require(questions[Math.floor(random() * questions.length)]);
  const askCold = () => require(cold.next().value);
  const next = (): Question => {
    const reach = drawReach(random());
    const isLater = reach === 'stale' && !isStaleAsked;
    return reach === 'cold' ? askCold() : draw(town[isLater ? 'hot' : reach]);
  };
  return { next, askCold, askStale: () => void (isStaleAsked = true) };
}

function drawReach(drawn: number): Reach {
  let left = drawn;
  for (const reach of ['hot', 'shared', 'stale'] as const) {
    if (left < SHARES[reach]) return reach;
    left -= SHARES[reach];
  }
  return 'cold';
}

/** Fills Redis with exactly the answers in reach, through a Worker that ends afterwards. */
async function fillRedis(engines: Engines, { stale, hot, shared }: Town): Promise<void> {
  await forgetEntries(engines.redisUrl, engines.env['DATABASE_ID'] ?? '');
  const redis = new Redis(engines.redisUrl);
  const workerd = await startWorkerd({ env: { ...engines.env, ...UNHURRIED } });
  try {
    for (const key of await entryKeys(engines, redis)) await redis.del(key);
    await fill(engines, redis, workerd.url, stale);
    for (const key of await entryKeys(engines, redis)) {
      const born = BigInt((await redis.hget(key, 'born')) ?? 0);
      await redis.hset(key, 'born', String(born - AGED_BY_US));
    }
    await fill(engines, redis, workerd.url, [...hot, ...shared]);
  } finally {
    redis.disconnect();
    await workerd.close();
  }
}

async function fill(
  engines: Engines,
  redis: Redis,
  url: string,
  questions: readonly Question[],
): Promise<void> {
  const wanted = (await entryKeys(engines, redis)).length + questions.length;
  const waiting = questions.values();
  const askInTurn = async (): Promise<void> => {
    for (const question of waiting) {
      const { verdict, reason } = await askNow(url, question);
      if (verdict !== 'right') throw new Error(`${question.path} cannot be warmed up: ${reason}`);
    }
  };
  await Promise.all(Array.from({ length: WARM_UP_AT_ONCE }, askInTurn));
  // Fills follow their answers.
  while ((await entryKeys(engines, redis)).length < wanted) await sleep(10);
}

async function entryKeys({ env }: Engines, redis: Redis): Promise<string[]> {
  const prefix = `ea:{${env['DATABASE_ID']}}:entry:`;
  const keys = await redis.keys('ea:*');
  return keys.filter((key) => key.startsWith(prefix));
}

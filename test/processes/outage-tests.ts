import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRandom } from '../../local/faults.ts';
import { isDrawn, scaled, seed } from '../support/scale.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import { type Engines, startEngines, type Store } from './engines.ts';
import { nameRow } from './failures-table.ts';
import { duringOutage, isInReach } from './outage-figures.ts';
import { type OutageRun, runOutage, type RunSettings, townSizes } from './outage-run.ts';
import { type Outage, outages } from './outages.ts';
import { makeTown, settleTown, type Town } from './town.ts';

const MEMORY_TTL_MS = scaled(1_000, 5_000);
/** A busy machine must not make a store that answers look like one that is out. */
const { REDIS_DEADLINE_MS, POSTGRES_DEADLINE_MS } = UNHURRIED;
const SPARED = { redis: { REDIS_DEADLINE_MS }, postgres: { POSTGRES_DEADLINE_MS } };

const settings: RunSettings = {
  ratePerS: scaled(50, 200),
  leadMs: 500,
  outageMs: scaled(2_000, 20_000),
  mostUnanswered: 100,
  afterMs: 1_000,
  vars: {},
  random: makeRandom(seed),
};

/** Three files have the outages, and a short run takes those of one. */
const FILES = 3;

/**
 * Registers the tests of every outage of exactly these stores. A short run takes those whose faults `quick` names, when it is the turn
 * of the file.
 */
export function testOutages(stores: readonly Store[], quick: readonly string[], file: number): void {
  const town: Town = makeTown(townSizes(settings));
  const ofStores = outages.filter((outage) => outage.stores.join() === stores.join());
  const isQuick = ({ title }: Outage) => quick.includes(title);
  const cases = ofStores
    .filter((outage) => scaled(isQuick(outage) && isDrawn(file, FILES), true))
    .map((outage) => ({ name: nameRow(outage), outage }));

  test('the quick cases are among them', () => {
    expect(ofStores.filter(isQuick)).toHaveLength(quick.length);
  });

  if (cases.length === 0) return;
  let engines: Engines;

  beforeAll(async () => {
    engines = await startEngines(seed);
    await settleTown(engines.postgresUrl, town);
  });

  afterAll(() => engines.close());

  describe.each(cases)('$name', ({ outage }) => {
    testOutage(outage, () => runAmong(engines, town, outage));
  });
}

function runAmong(engines: Engines, town: Town, outage: Outage): Promise<OutageRun> {
  const spared = (['redis', 'postgres'] as const).filter((store) => !outage.stores.includes(store));
  const vars = Object.assign({ MEMORY_TTL_MS: `${MEMORY_TTL_MS}` }, ...spared.map((store) => SPARED[store]));
  return runOutage(engines, town, outage, { ...settings, vars });
}

function testOutage(outage: Outage, run: () => Promise<OutageRun>): void {
  let ran: OutageRun;

  beforeAll(async () => {
    ran = await run();
  });

  const isOut = (store: 'redis' | 'postgres') => outage.stores.includes(store);
  const brief = (samples: OutageRun['samples']) =>
    samples.map(({ question: { reach, path }, dueMs, status, cacheStatus, reason }) => {
      const atMs = Math.round(dueMs - ran.beganMs);
      return { reach, path, atMs, status, cacheStatus, reason };
    });

  test('nobody gets a wrong answer: no 401, no 404 for what exists, no other body, no 503 that does not say when', () => {
    expect(brief(ran.samples.filter(({ verdict }) => verdict === 'wrong'))).toEqual([]);
  });

  test('what is in reach is answered', () => {
    const failed = ran.samples.filter(
      (sample) => sample.verdict !== 'right' && isInReach(ran, sample, MEMORY_TTL_MS),
    );
    expect(brief(failed)).toEqual([]);
  });

  test('the outage was one', () => {
    const { question: reached } = {
      question: new Set(duringOutage(ran).map(({ question }) => question.reach)),
    };
    expect([...reached].sort()).toEqual(['cold', 'hot', 'shared', 'stale']);
    const isNoticed = isOut('postgres')
      ? ran.samples.some(({ verdict }) => verdict === 'unavailable')
      : ran.samples.some(({ cacheStatus }) => cacheStatus.includes('detail=breaker-open'));
    expect(isNoticed).toBe(true);
  });

  if (isOut('redis'))
    test('once the breaker is open Redis is asked once a second at most', () => {
      const seconds = (ran.endingMs - ran.middleMs) / 1_000;
      expect(ran.asked.redis).toBeLessThanOrEqual(Math.floor(seconds) + 1);
    });

  if (outage.stores.length === 2)
    test('what memory held is 503 once its time is over', () => {
      // The clock of workerd may be a little behind.
      const overMs = ran.awayMs + MEMORY_TTL_MS + 100;
      const late = duringOutage(ran).filter(
        ({ question, dueMs, answeredMs }) =>
          question.reach === 'hot' && dueMs > overMs && answeredMs < ran.endingMs,
      );
      expect(late.length).toBeGreaterThan(0);
      expect(brief(late.filter(({ verdict }) => verdict !== 'unavailable'))).toEqual([]);
    });

  test('once each store has answered again, every request succeeds', () => {
    const late = ran.samples.filter(({ dueMs }) => dueMs > ran.recoveredMs);
    expect(late.length).toBeGreaterThan(0);
    expect(brief(late.filter(({ verdict }) => verdict !== 'right'))).toEqual([]);
  });
}

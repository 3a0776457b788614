import { makeBreaker } from '../../src/cache/breaker.ts';
import type { Cache } from '../../src/cache/cache.ts';
import { systemClock } from '../../src/cache/clock.ts';
import { makeCounts } from '../../src/cache/counts/counts.ts';
import { makeMemory } from '../../src/cache/memory/memory.ts';
import { makeSeal } from '../../src/cache/shared/seal.ts';
import type { SharedStore } from '../../src/cache/shared/shared-store.ts';
import type { User } from '../../src/shapes/user.ts';

/** The lifetime outlasts any measurement: an entry that expires would turn a hit into a load. */
const TTL_MS = 3_600_000;
/** The default of docs/configuration.md: with it, memory follows the log of Redis. */
const LIFE_MS = 300_000;
const AS_OF = { epoch: '0123456789abcdef', n: 1 };
const MAX_BYTES = 2 ** 24;
const BREAKER = { failures: 5, coolDownMs: 1_000 };

const askedInVain = (): never => {
  throw new Error('a hit in memory asked a store');
};

/** A store that throws on every question. A hit in memory asks no store. */
export const noStore: SharedStore = {
  read: askedInVain,
  follow: askedInVain,
  fill: askedInVain,
  release: askedInVain,
  invalidate: askedInVain,
  forget: askedInVain,
  noteDrain: askedInVain,
  describe: askedInVain,
  readCounts: askedInVain,
};

/** The product's cache with the given shared store, on the system clock. */
export function makeCache(shared: SharedStore): Cache {
  return {
    memory: makeMemory({ maxBytes: MAX_BYTES, ttlMs: TTL_MS, lifeMs: LIFE_MS }),
    inFlight: new Map(),
    breaker: makeBreaker(BREAKER),
    originBreaker: makeBreaker(BREAKER),
    seal: makeSeal('a secret', 'the benchmark'),
    counts: makeCounts(),
    shared,
    origin: { probe: askedInVain, isAway: () => false },
    settings: {
      freshMs: 300_000,
      staleMs: 3_600_000,
      absentFreshMs: 30_000,
      redisDeadlineMs: 5_000,
      originDeadlineMs: 5_000,
    },
    clock: systemClock,
    log: { info() {}, warn() {}, error() {} },
    waitUntil: (promise) => void promise.catch(() => {}),
  };
}

/** An isolate reads about as many entries over and over. */
export const USER_COUNT = 64;

/** The user that the public look-up of `id` answers. */
export function makeUser(id: number) {
  return Object.freeze({
    id,
    username: `user${id}`,
    email: `user${id}@example.com`,
    firstName: 'John',
    lastName: 'Doe',
    isActive: true,
    isStaff: false,
    isSuperuser: false,
    dateJoined: '2026-01-01T00:00:00.000Z',
    lastLogin: null,
    revision: 1,
    externalId: null,
    metadata: {},
  } satisfies User);
}

export const userIds = Array.from({ length: USER_COUNT }, (_, at) => at + 1);

/** Puts the users into memory as if they had just been read. */
export function fillMemory({ memory, clock }: Cache): void {
  const nowMs = clock.now();
  const news = { through: AS_OF, cursor: { time: AS_OF, id: AS_OF.epoch }, isGap: true, tags: [] };
  memory.validation?.learn(memory.validation.ask(nowMs), news, nowMs);
  for (const id of userIds) {
    const value = makeUser(id);
    const order = memory.invalidations.nextOrder();
    const life = { asOf: AS_OF, validAtN: AS_OF.n, sentAtMs: nowMs, freshMs: LIFE_MS, checked: -1 };
    memory.set(`user:${id}`, { ...life, value, tags: [`user:${id}`], order, bytes: 300, hits: 0 }, nowMs);
  }
}

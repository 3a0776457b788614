import { makeBreaker } from '../../src/cache/breaker.ts';
import type { Cache } from '../../src/cache/cache.ts';
import type { Memory, makeMemory } from '../../src/cache/memory.ts';
import { makeSeal } from '../../src/cache/shared/seal.ts';
import type { Random } from './random.ts';

/** How long isolates live. */
export interface Lives {
  /** One without a request for so long is gone, in ms. */
  readonly idleMs: number;
  /** The mean of an exponential life, however busy it is, in ms. */
  readonly meanLifeMs: number;
  /** From one deployment, which ends them all, to the next, in ms; infinite for none. */
  readonly deployEveryMs: number;
}

/** Where an isolate may run. One that died is followed by another when the next request comes. */
export interface Slot {
  /** The cache of the isolate that serves a request now. */
  serve(nowMs: number): Cache;
}

export interface Surroundings {
  readonly lives: Lives;
  readonly memory: { readonly maxBytes: number; readonly ttlMs: number };
  readonly makeMemory: typeof makeMemory;
  /** What isolates share: stores as their place sees them, settings and clock. */
  readonly outside: Omit<Cache, 'memory' | 'flights' | 'breaker' | 'originBreaker' | 'seal'>;
  readonly onBirth: () => void;
  readonly random: Random;
}

/** As in the configuration table. */
const BREAKER = { failures: 5, coolDownMs: 1_000 };

export function makeSlot(around: Surroundings): Slot {
  const { lives, random } = around;
  let cache: Cache | undefined;
  let usedMs = 0;
  let diesMs = 0;
  let deployment = 0;

  const isAlive = (nowMs: number): boolean =>
    nowMs < diesMs && nowMs - usedMs <= lives.idleMs && deployment === deploymentAt(nowMs);
  const deploymentAt = (nowMs: number): number => Math.floor(nowMs / lives.deployEveryMs);

  return {
    serve(nowMs) {
      if (!cache || !isAlive(nowMs)) {
        cache = makeCache(around);
        diesMs = nowMs + random.exponential(lives.meanLifeMs);
        deployment = deploymentAt(nowMs);
        around.onBirth();
      }
      usedMs = nowMs;
      return cache;
    },
  };
}

/** A cache as a new isolate has it. */
export function makeCache(around: Pick<Surroundings, 'makeMemory' | 'memory' | 'outside'>): Cache {
  const memory: Memory = around.makeMemory(around.memory);
  return {
    ...around.outside,
    memory,
    flights: new Map(),
    breaker: makeBreaker(BREAKER),
    originBreaker: makeBreaker(BREAKER),
    seal: makeSeal('a secret', 'the benchmark'),
  };
}

import { makeBreaker } from '../../src/cache/breaker.ts';
import type { Cache, IsolateCache } from '../../src/cache/cache.ts';
import { makeCounts } from '../../src/cache/counts/counts.ts';
import type { makeMemory, MemorySettings } from '../../src/cache/memory/memory.ts';
import type { LogReader } from '../../src/cache/shared/invalidation-log.ts';
import { makeSeal } from '../../src/cache/shared/seal.ts';
import type { SharedStore } from '../../src/cache/shared/shared-store.ts';
import type { Line } from './connections.ts';
import type { Random } from './random.ts';

/** The lifetimes of isolates. */
export interface Lives {
  /** An isolate ends after so many ms without a request. */
  readonly idleMs: number;
  /** The mean of an exponential lifetime in ms, whatever the traffic. */
  readonly meanLifeMs: number;
  /** The time in ms between two deployments, each of which ends all isolates; infinite for none. */
  readonly deployEveryMs: number;
}

export interface Isolate {
  readonly cache: Cache;
  readonly postgres: Line;
  /** The shared store, over this isolate's connections, for whoever follows the log. */
  readonly sharedFor: (log: LogReader | null) => SharedStore;
}

/** A slot in which one isolate runs at a time. After the end of an isolate, the next request starts another one. */
export interface Slot {
  /** The isolate that serves the present request. */
  serve(nowMs: number): Isolate;
}

export interface Surroundings {
  readonly lives: Lives;
  readonly memory: MemorySettings;
  readonly makeMemory: typeof makeMemory;
  /** Gives a new isolate its way to the stores, the settings and the clock. */
  readonly connect: () => Connected;
  readonly onBirth: () => void;
  readonly random: Random;
}

interface Connected extends Pick<Isolate, 'postgres' | 'sharedFor'> {
  readonly outside: Omit<Cache, keyof IsolateCache | 'shared'>;
}

/** The defaults of docs/configuration.md. */
const BREAKER = { failures: 5, coolDownMs: 1_000 };

export function makeSlot(around: Surroundings): Slot {
  const { lives, random } = around;
  let isolate: Isolate | undefined;
  let usedMs = 0;
  let diesMs = 0;
  let deployment = 0;

  const isAlive = (nowMs: number): boolean =>
    nowMs < diesMs && nowMs - usedMs <= lives.idleMs && deployment === deploymentAt(nowMs);
  const deploymentAt = (nowMs: number): number => Math.floor(nowMs / lives.deployEveryMs);

  return {
    serve(nowMs) {
      if (!isolate || !isAlive(nowMs)) {
        isolate = makeIsolate(around);
        diesMs = nowMs + random.exponential(lives.meanLifeMs);
        deployment = deploymentAt(nowMs);
        around.onBirth();
      }
      usedMs = nowMs;
      return isolate;
    },
  };
}

export function makeIsolate(around: Pick<Surroundings, 'makeMemory' | 'memory' | 'connect'>): Isolate {
  const memory = around.makeMemory(around.memory);
  const { outside, postgres, sharedFor } = around.connect();
  const cache = {
    ...outside,
    memory,
    shared: sharedFor(memory.validation),
    inFlight: new Map(),
    breaker: makeBreaker(BREAKER),
    originBreaker: makeBreaker(BREAKER),
    seal: makeSeal('a secret', 'the benchmark'),
    counts: makeCounts(),
  };
  return { cache, postgres, sharedFor };
}

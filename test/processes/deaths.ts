import { setTimeout as pause } from 'node:timers/promises';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import type { AccountProcess } from './account-process.ts';
import type { Gate } from './gate.ts';

/** The gates between the processes and their stores. */
export interface Gates {
  readonly postgres: Gate;
  readonly redis: Gate;
}

/** A point of the write path at which the process is killed. */
export interface Death {
  readonly name: string;
  /** True if the row must exist afterwards, false if it must not; undefined if either is right. */
  readonly writes?: boolean;
  /** True if Redis must have the invalidation without a drain, false if it must not; undefined if either is right. */
  readonly invalidates?: boolean;
  /** Starts `write`, and kills the process at that point of it. */
  kill(victim: AccountProcess, gates: Gates, write: () => Promise<unknown>, delayMs: number): Promise<void>;
}

/** Only this batch of statements writes. */
const BATCH = /insert into users/;
/** The script that invalidates, by its digest. */
const INVALIDATION = new RegExp(await scripts.invalidate.sha1());

export const beforeInvalidation: Death = {
  name: 'before the invalidation leaves',
  writes: true,
  invalidates: false,
  kill: (victim, { redis }, write) => killAt(victim, redis, 'request', INVALIDATION, write, 'drop'),
};

export const deaths: readonly Death[] = [
  {
    name: 'before the batch leaves',
    writes: false,
    invalidates: false,
    kill: (victim, { postgres }, write) => killAt(victim, postgres, 'request', BATCH, write, 'drop'),
  },
  {
    name: 'with the batch on the wire',
    writes: true,
    invalidates: false,
    kill: (victim, { postgres }, write) => killAt(victim, postgres, 'request', BATCH, write, 'release'),
  },
  {
    name: 'while the batch runs',
    async kill(victim, { postgres }, write, delayMs) {
      const batch = postgres.hold('request', BATCH);
      void write();
      await batch.come;
      const passed = batch.release();
      await pause(delayMs);
      await victim.kill();
      await passed;
    },
  },
  {
    name: 'after the commit, unanswered',
    writes: true,
    invalidates: false,
    kill: (victim, { postgres }, write) => killAt(victim, postgres, 'answer', BATCH, write, 'drop'),
  },
  beforeInvalidation,
  {
    name: 'with the invalidation on the wire',
    writes: true,
    invalidates: true,
    kill: (victim, { redis }, write) => killAt(victim, redis, 'request', INVALIDATION, write, 'release'),
  },
  {
    name: 'after the invalidation, unanswered',
    writes: true,
    invalidates: true,
    kill: (victim, { redis }, write) => killAt(victim, redis, 'answer', INVALIDATION, write, 'drop'),
  },
  {
    name: 'after the answer',
    writes: true,
    invalidates: true,
    async kill(victim, _gates, write) {
      await write();
      await victim.kill();
    },
  },
  {
    name: 'at any time',
    async kill(victim, _gates, write, delayMs) {
      void write();
      await pause(delayMs);
      await victim.kill();
    },
  },
];

async function killAt(
  victim: AccountProcess,
  gate: Gate,
  point: 'request' | 'answer',
  pattern: RegExp,
  write: () => Promise<unknown>,
  fate: 'release' | 'drop',
): Promise<void> {
  const held = gate.hold(point, pattern);
  void write();
  await held.come;
  await victim.kill();
  await (fate === 'release' ? held.release() : held.drop());
}

import { randomUUID } from 'node:crypto';
import type { Token } from '../../src/cache/logical-time.ts';
import { type Claims, makeClaims } from './claims.ts';
import { type CodeUnderTest, codeUnderTest } from './code-under-test.ts';
import type { Engine } from './engine.ts';
import {
  type Calls,
  type Isolate,
  makeIsolate,
  MEMORY_LIFE_MS,
  MEMORY_MS,
  type Request,
  type ScriptRun,
  startRequest,
  VARIANT,
} from './isolate.ts';
import { makePasses, type Passes } from './lab-outbox.ts';
import { type ReadPlan, type Reading, startReading, startReadings } from './lab-read.ts';
import { commitNow, type DrainPlan, drainIn, type WritePlan, writeIn } from './lab-write.ts';
import { LOOK_UPS, type LookUpKey } from './look-ups.ts';
import type { Change, Commit, Database } from './model-database.ts';
import { type Delay, type Gate, makeGate, makeTimeline } from './timeline.ts';
import { makeVirtualRedis, type RedisState } from './virtual-redis.ts';

/** A key of Redis: the clock, the log, a tag, or the entry or lease of a look-up. */
export type KeyName = 'clock' | 'log' | `tag:${string}` | `entry:${LookUpKey}` | `lease:${LookUpKey}`;

/**
 * Isolates, a Redis and a database in virtual time. All that is begun goes on in the background while time is advanced;
 * every read is held to its claims, and the first that breaks one makes `advance` throw.
 */
export interface Lab {
  readonly database: Database;
  now(): number;
  isolate(): Isolate;
  /** A delay that ends when the test opens it. */
  hold(): Gate;
  read(isolate: Isolate, key: LookUpKey, plan?: ReadPlan): Promise<Reading>;
  /** Reads in one turn of one request. */
  readMany(isolate: Isolate, keys: readonly LookUpKey[], plan?: ReadPlan): Promise<readonly Reading[]>;
  /** A write through the service; resolves to the token, null if the change was refused, never if the request dies. */
  write(
    isolate: Isolate,
    change: Change,
    plan?: WritePlan,
  ): Promise<{ readonly token: Promise<Token | null> }>;
  /** A write behind the service's back: its outbox row gets its id now, and is committed after `openMs`. */
  writeElsewhere(change: Change, openMs?: Delay): Promise<void>;
  /** Resolves to whether the drain succeeded; never if it dies. */
  drain(isolate: Isolate, plan?: DrainPlan): Promise<{ readonly done: Promise<boolean> }>;
  advance(ms: number): Promise<void>;
  setRedis(state: RedisState): void;
  stepRedisClock(ms: number): void;
  flushRedis(): Promise<void>;
  loseKey(name: KeyName): Promise<void>;
  /** Somebody else's value under the key. */
  corruptKey(name: KeyName): Promise<void>;
  /** Stops replication. The returned function makes the replica the primary. */
  stopReplication(): Promise<() => Promise<void>>;
  /** The tokens handed out so far, oldest first. */
  readonly tokens: readonly Token[];
  close(): Promise<void>;
}

/** The data that the parts of a lab share. */
export interface LabCore {
  readonly code: CodeUnderTest;
  readonly database: Database;
  readonly claims: Claims;
  readonly passes: Passes;
  /** The answers that callers have, by look-up, id and revision, as entity tags name them. */
  readonly seen: Map<string, string>;
  now(): number;
  start(isolate: Isolate, calls: Calls | undefined, diesAfterMs: Delay | undefined): Request;
  /** Calls back when the delay is over, whoever has died. */
  after(delay: Delay, callback: () => void): void;
  noteToken(commit: Commit, token: Token): void;
  report(violation: string): void;
  /** False after a load has failed, been slow or died. Only then may a read fail. */
  isOriginSound: boolean;
}

const FAILOVER_MS = 1;

export async function makeLab(
  engine: Engine,
  code: CodeUnderTest = codeUnderTest,
  lifeMs: number = MEMORY_LIFE_MS,
): Promise<Lab> {
  const databaseId = `lab-${randomUUID()}`;
  const timeline = makeTimeline();
  const redis = makeVirtualRedis(engine, `ea:{${databaseId}}:`, timeline.now);
  const database = code.makeDatabase();
  const claims = makeClaims(database.stored);
  const passes = makePasses();
  const violations: string[] = [];
  const tokens: Token[] = [];
  let isolates = 0;
  let hasClockStepped = false;
  const report = (violation: string): void => void violations.push(violation);

  // What a clock is behind of has been lost, unless it was set back; a fill does not look.
  const noteBehind = (kind: ScriptRun['kind']): void => {
    if (kind !== 'fill' && !hasClockStepped) claims.noteNewEpoch(claims.commits(), timeline.now());
  };

  const noteInvalidated = (tags: readonly string[], reply: unknown): void => {
    if (reply === '') claims.kept.forget(null);
    claims.noteInvalidated(tags);
    passes.noteInvalidated(tags, timeline.now());
  };

  const noteScript = ({ kind, keys, args, reply, isBehind }: ScriptRun): void => {
    if (isBehind) noteBehind(kind);
    // As the scripts are given them: the payload of a fill, and the tags from the fifth on.
    if (kind === 'invalidate') noteInvalidated(args.slice(4), reply);
    if (kind === 'read') for (const key of droppedBy(keys, args)) claims.kept.forget(null, key);
    const key = lookUpOf(keys[1] ?? '');
    if (kind === 'fill' && reply === 'stored' && redis.state !== 'full' && key)
      noteStored(key, args[5] ?? '');
  };

  const noteStored = (key: LookUpKey, answer: string): void => {
    const commit = claims.commitOf(key, 0, answer);
    // No invalidation may tell memory of it, and then the life of an entry ends what is older.
    const fromMs = timeline.now() + Math.max(MEMORY_MS, lifeMs) + 1;
    claims.kept.note({ key, isolate: null, commit, fromMs, untilMs: Infinity });
  };

  const around = {
    code,
    timeline,
    redis,
    databaseId,
    onScript: (run: ScriptRun) => noteScript(run),
    onRejected: (error: unknown) => report(`what was left for afterwards was rejected: ${String(error)}`),
  };

  const core: LabCore = {
    code,
    database,
    claims,
    passes,
    seen: new Map(),
    now: timeline.now,
    noteToken({ number }, token) {
      claims.noteToken(number, token);
      tokens.push(token);
    },
    report,
    isOriginSound: true,
    after: (delay, callback) => void timeline.after(delay, callback),
    start(isolate, calls, diesAfterMs) {
      const request = startRequest(around, isolate, calls ?? {});
      if (diesAfterMs === undefined) return request;
      core.isOriginSound = false;
      timeline.after(diesAfterMs, request.die);
      return request;
    },
  };

  const advance = async (ms: number): Promise<void> => {
    await timeline.advance(ms);
    if (violations.length > 0) throw new Error(violations.join('\n'));
  };
  const withTags = (names: readonly string[]): string[] =>
    names.filter((name) => name.startsWith('tag:')).map((name) => name.slice('tag:'.length));
  const nameOf = (key: KeyName): string => key.replace(/^(entry|lease):/, `$1:${VARIANT}:`);

  return {
    database,
    tokens,
    now: timeline.now,
    hold: makeGate,
    isolate: () => makeIsolate(code, String.fromCharCode('A'.charCodeAt(0) + isolates++), lifeMs),
    async read(isolate, key, plan = {}) {
      const reading = startReading(core, isolate, key, plan);
      await advance(0);
      return reading;
    },
    async readMany(isolate, keys, plan = {}) {
      const readings = startReadings(core, isolate, keys, plan);
      await advance(0);
      return readings;
    },
    async write(isolate, change, plan = {}) {
      const token = writeIn(core, core.start(isolate, plan.calls, plan.diesAfterMs), change, plan);
      await advance(0);
      return { token };
    },
    async writeElsewhere(change, openMs = 0) {
      const tx = database.begin();
      timeline.after(openMs, () => commitNow(core, tx, change));
      await advance(0);
    },
    async drain(isolate, plan = {}) {
      const done = drainIn(core, core.start(isolate, plan.calls, plan.diesAfterMs), plan);
      await advance(0);
      return { done };
    },
    advance,
    setRedis(state) {
      redis.state = state;
      if (state === 'full') claims.kept.forget(null);
    },
    stepRedisClock(ms) {
      redis.stepClock(ms);
      hasClockStepped = true;
      claims.noteStepBack(Math.max(0, -ms));
      claims.kept.forget(null);
    },
    async flushRedis() {
      await redis.flush();
      passes.noteMissing(null);
      claims.kept.forget(null);
    },
    async loseKey(key) {
      if (!key.startsWith('tag:')) claims.kept.forget(null);
      if (!(await redis.lose(nameOf(key)))) return;
      claims.noteLost(withTags([key]));
      for (const tag of withTags([key])) passes.noteMissing(tag);
    },
    async corruptKey(key) {
      if (!key.startsWith('tag:')) claims.kept.forget(null);
      passes.noteMissing(null);
      await redis.corrupt(nameOf(key), 'garbage');
    },
    async stopReplication() {
      const promote = await redis.replicate();
      const epochs = claims.epochs();
      return async () => {
        // Assumed: it takes longer than the clocks of the two servers differ.
        await advance(FAILOVER_MS);
        const { keys, isClockBack } = await promote();
        claims.noteLost(isClockBack ? null : withTags(keys));
        claims.noteEpochsLost(epochs);
        passes.noteMissing(null);
        claims.kept.forget(null);
      };
    },
    close: redis.flush,
  };
}

// After the clock every read has two keys, and after the four arguments for all three of its own, the second of them its mode.
function droppedBy(keys: readonly string[], args: readonly string[]): (LookUpKey | undefined)[] {
  const entryKeys = keys.filter((_key, at) => at % 2 === 1);
  return entryKeys.filter((_key, at) => args[4 + 3 * at + 1] === 'drop').map(lookUpOf);
}

function lookUpOf(entryKey: string): LookUpKey | undefined {
  return LOOK_UPS.find((key) => entryKey.endsWith(`:${VARIANT}:${key}`));
}

import type { ReadDemands } from '../../src/cache/cache.ts';
import { type ReadBegin, toJson } from './claims.ts';
import { type Calls, type Isolate, ORIGIN_DEADLINE_MS, type Request } from './isolate.ts';
import type { LabCore } from './lab.ts';
import type { Answer, LookUpKey } from './look-ups.ts';
import type { Delay } from './timeline.ts';

/** How a load of the origin goes. */
export interface LoadPlan {
  /** Until the rows are read, and from then until they arrive. */
  readonly snapshotMs?: Delay;
  readonly answerMs?: Delay;
  readonly fails?: boolean;
}

export interface ReadPlan {
  readonly demands?: Pick<ReadDemands, 'reload' | 'maxAgeMs' | 'token'>;
  /** The token is of no write: of another epoch, or ahead of the clock. */
  readonly isTokenForged?: boolean;
  readonly calls?: Calls;
  readonly load?: LoadPlan;
  readonly diesAfterMs?: Delay;
}

export interface Reading {
  /** The answer; never settles if the request dies. */
  readonly answer: Promise<Answer>;
}

/** Two joined loads that die, then its own: each within the origin's deadline and a moment to hear of it. */
const SETTLED_AFTER_MS = 3 * (ORIGIN_DEADLINE_MS + 100);
/** A load faster than this cannot run into its deadline. */
const SOUND_LOAD_MS = 1_000;

/** Begins the read and, whatever comes of it, holds it to its claims. */
export function startReading(lab: LabCore, isolate: Isolate, key: LookUpKey, plan: ReadPlan): Reading {
  const { demands = {}, load = {} } = plan;
  const request = lab.start(isolate, plan.calls, plan.diesAfterMs);
  const begin: ReadBegin = {
    key,
    isolate: isolate.name,
    atMs: lab.now(),
    maxAgeMs: demands.maxAgeMs,
    token: demands.token,
    isFromOrigin: Boolean(demands.reload ?? plan.isTokenForged),
  };
  if (!isSound(load)) lab.isOriginSound = false;
  const due = lab.claims.due(begin);
  const lookUp = lab.code.makeLookUp(key, () => loadIn(lab, request, key, load));
  const answer = lab.code.readThrough(request.cache, lookUp, demands);
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  answer
    .then(
      (value) => checkAnswer(lab, begin, due, value),
      (error: unknown) => checkError(lab, begin, error),
    )
    .finally(settle);
  lab.after(SETTLED_AFTER_MS, () => {
    if (!isSettled && request.isAlive()) lab.report(`${describe(begin)} has not settled`);
  });
  return { answer };
}

async function loadIn({ code, database }: LabCore, { pause }: Request, key: LookUpKey, plan: LoadPlan) {
  await pause(plan.snapshotMs);
  const loaded = code.answerOf(key, database.rows);
  await pause(plan.answerMs);
  if (plan.fails) throw new Error('the origin failed');
  return loaded;
}

function isSound({ snapshotMs = 0, answerMs = 0, fails }: LoadPlan): boolean {
  const isTimed = typeof snapshotMs === 'number' && typeof answerMs === 'number';
  return !fails && isTimed && snapshotMs + answerMs <= SOUND_LOAD_MS;
}

function checkAnswer(lab: LabCore, begin: ReadBegin, due: readonly number[], value: Answer): void {
  const answer = toJson(value);
  const allowed = lab.claims.allowed(begin.key, due.at(-1) ?? 0);
  if (!allowed.includes(answer))
    lab.report(`${describe(begin)} answered ${answer}, but only ${allowed.join(' or ')} is allowed`);
}

function checkError(lab: LabCore, begin: ReadBegin, error: unknown): void {
  const isOutage = error instanceof Error && error.name === 'OriginUnavailable';
  if (isOutage && !lab.isOriginSound) return;
  lab.report(`${describe(begin)} failed: ${String(error)}`);
}

function describe({ key, isolate, atMs }: ReadBegin): string {
  return `the read of ${key} in ${isolate} at ${atMs}`;
}

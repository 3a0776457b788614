import type { ReadDemands, Trace } from '../../src/cache/look-up.ts';
import { type Debt, type ReadBegin, toJson } from './claims.ts';
import { type Calls, type Isolate, MEMORY_MS, ORIGIN_DEADLINE_MS, type Request } from './isolate.ts';
import type { LabCore } from './lab.ts';
import { describeKey } from './describe.ts';
import { START_MS } from './timeline.ts';
import type { Answer, LookUpKey } from './look-ups.ts';
import type { Delay } from './timeline.ts';

/** The course of a load from the origin. */
export interface LoadPlan {
  /** The time until the rows are read, and from then until they arrive. */
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
  const request = lab.start(isolate, plan.calls, plan.diesAfterMs);
  return startReadingIn(lab, request, key, plan);
}

/** Begins the reads in one turn of one request. */
export function startReadings(
  lab: LabCore,
  isolate: Isolate,
  keys: readonly LookUpKey[],
  plan: ReadPlan,
): Reading[] {
  const request = lab.start(isolate, plan.calls, plan.diesAfterMs);
  const together = { ...request, cache: lab.code.makeCacheOfMany(request.cache) };
  return keys.map((key) => startReadingIn(lab, together, key, plan));
}

function startReadingIn(lab: LabCore, request: Request, key: LookUpKey, plan: ReadPlan): Reading {
  const { demands = {}, load = {} } = plan;
  const { isolate } = request;
  const begin = beginOf(lab, isolate, key, plan);
  if (!isSound(load)) lab.isOriginSound = false;
  const debt = lab.claims.debtOf(begin);
  if (demands.reload) lab.claims.kept.forget(isolate.name, key);
  const lookUp = lab.code.makeLookUp(() => loadIn(lab, request, key, load));
  const trace: Trace = {};
  const asked = { ...demands, trace };
  const answer = lab.code.readThrough(request.cache, lookUp, undefined, key, asked);
  let isSettled = false;
  const check = async (): Promise<void> => {
    try {
      const value = heldAgainst(lab, key, await answer);
      checkAnswer(lab, begin, debt, isStale(trace), value);
      if (isKept(trace) && orderOf(isolate) === begin.order) noteKept(lab, begin, debt.since, value);
    } catch (error) {
      checkError(lab, begin, error);
    }
    isSettled = true;
  };
  void check();
  lab.after(SETTLED_AFTER_MS, () => {
    if (!isSettled && request.isAlive())
      lab.report(`${describeBegin(begin)} and got no answer, nor an error`);
  });
  return { answer };
}

/** The caller's final answer: the one it had before, if the revision says that nothing has changed. */
function heldAgainst({ seen }: LabCore, key: LookUpKey, answer: Answer): string {
  const text = toJson(answer);
  if (!answer) return text;
  const tag = `${key} ${answer.id}.${answer.revision}`;
  const held = seen.get(tag) ?? text;
  seen.set(tag, held);
  return held;
}

function beginOf(
  lab: LabCore,
  isolate: Isolate,
  key: LookUpKey,
  { demands = {}, isTokenForged }: ReadPlan,
): ReadBegin {
  const { maxAgeMs, reload, token } = demands;
  return {
    key,
    isolate: isolate.name,
    atMs: lab.now(),
    order: orderOf(isolate),
    maxAgeMs,
    token,
    isPlain: maxAgeMs === undefined && !reload && !token,
    isFromOrigin: Boolean(reload ?? isTokenForged),
  };
}

function orderOf({ cache }: Isolate): number {
  return cache.memory.invalidations.last();
}

function isStale({ shared }: Trace): boolean {
  return shared?.detail === 'stale-if-error';
}

function isKept({ memory }: Trace): boolean {
  return memory?.stored === true && !memory.collapsed;
}

function noteKept({ claims, now }: LabCore, begin: ReadBegin, since: number, answer: string): void {
  const { isolate, key, order, atMs } = begin;
  const commit = claims.commitOf(key, since, answer);
  claims.kept.note({ key, isolate, commit, fromMs: now(), untilMs: atMs + MEMORY_MS, order });
}

async function loadIn({ code, database }: LabCore, { pause }: Request, key: LookUpKey, plan: LoadPlan) {
  await pause(plan.snapshotMs);
  const loaded = code.answerOf(key, database.stored);
  await pause(plan.answerMs);
  if (plan.fails) throw new Error('the origin failed');
  return loaded;
}

function isSound({ snapshotMs = 0, answerMs = 0, fails }: LoadPlan): boolean {
  const isTimed = typeof snapshotMs === 'number' && typeof answerMs === 'number';
  return !fails && isTimed && snapshotMs + answerMs <= SOUND_LOAD_MS;
}

function checkAnswer(lab: LabCore, begin: ReadBegin, debt: Debt, isStandIn: boolean, answer: string): void {
  const since = isStandIn ? debt.since : debt.sinceUnlessStale;
  const allowed = lab.claims.allowed(begin.key, since, debt.due);
  if (allowed.includes(answer)) return;
  const choice = allowed.map(describeAnswer).join(' or ');
  lab.report(`${describeBegin(begin)} and was answered ${describeAnswer(answer)}; allowed: ${choice}`);
}

function checkError(lab: LabCore, begin: ReadBegin, error: unknown): void {
  const isOutage = error instanceof Error && error.name === 'OriginUnavailable';
  if (isOutage && !lab.isOriginSound) return;
  lab.report(`${describeBegin(begin)} and failed, with a sound origin: ${String(error)}`);
}

function describeBegin({ isolate, key, atMs }: ReadBegin): string {
  return `at ${(atMs - START_MS) / 1_000} s ${isolate} read ${describeKey(key)}`;
}

function describeAnswer(answer: string): string {
  const parsed: Answer = JSON.parse(answer);
  return parsed ? `row ${parsed.id} “${parsed.name}” of revision ${parsed.revision}` : 'absent';
}

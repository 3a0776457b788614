import * as z from 'zod';
import type { ReadDemands, Trace } from '../../cache/look-up.ts';
import { OriginUnavailable } from '../../cache/errors.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { depsOfMany } from './deps-of-many.ts';
import { type Entity, EntityLookUp, entityLookUps } from './entity-look-ups.ts';
import { LookUpError } from '../errors.ts';
import { boundedArray } from '../fields.ts';
import { answerOf } from '../look-up.ts';
import type { Subject } from '../subject.ts';
import { requireOwn, requireReach } from '../visibility.ts';

/** So many travel in one call to either store. */
const MAX_LOOK_UPS = 100;

export const EntityLookUps = boundedArray(
  z.array(EntityLookUp).min(1, 'must have at least one look-up'),
  MAX_LOOK_UPS,
  'look-ups',
);

type Failure = LookUpError | OriginUnavailable;

/** The outcome of one look-up of a batch. */
export type LookUpOutcome = (Answered | Failed) & {
  /** The work of the tiers; empty if the caller may not know it. */
  readonly trace: Trace;
};

interface Answered {
  readonly value: Entity;
}

interface Failed {
  readonly error: Failure;
}

/**
 * Answers the look-ups in order, each as if it were asked alone, but with fewer requests: their questions to Redis travel in
 * one call, and their loads in one batch of Postgres. If the caller is bound to an account, the look-ups of memberships come
 * first, in a call and a batch of their own.
 */
export async function findMany(
  deps: Deps,
  caller: Caller,
  lookUps: readonly EntityLookUp[],
  read: ReadDemands,
): Promise<LookUpOutcome[]> {
  const distinct = new Map(lookUps.map((lookUp) => [JSON.stringify(lookUp), lookUp]));
  const questions = [...distinct.values()].map(toQuestion);
  const outcomes = await findAll({ deps: depsOfMany(deps), caller, read }, questions);
  const byName = new Map([...distinct.keys()].map((name, at) => [name, outcomes[at]]));
  return lookUps.flatMap((lookUp) => byName.get(JSON.stringify(lookUp)) ?? []);
}

/** A look-up of one entity: what it is about, and what answers it. */
interface Question {
  readonly subject: Subject;
  /** Throws a `LookUpError` when there is none. */
  answer(deps: Deps, read: ReadDemands): Promise<Entity>;
}

function toQuestion({ lookUp: name, ...input }: EntityLookUp): Question {
  const lookUp = entityLookUps[name];
  return {
    subject: lookUp.subject(input),
    answer: (deps, read) => answerOf(deps, lookUp, input, read),
  };
}

interface Asked {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly read: ReadDemands;
}

// Each phase begins in one turn, and the second when the first is over for all: so what they ask travels together.
async function findAll(asked: Asked, questions: readonly Question[]): Promise<LookUpOutcome[]> {
  const { deps, caller, read } = asked;
  const reached = await Promise.all(
    questions.map(({ subject }) => failureOf(requireReach(deps, caller, subject, read))),
  );
  return Promise.all(
    questions.map(async (question, at): Promise<LookUpOutcome> => {
      const error = reached[at];
      return error ? { error, trace: {} } : findOne(asked, question);
    }),
  );
}

/** Throws `OriginUnavailable` when that is what became of all of them. */
export function requireAnswer(outcomes: readonly LookUpOutcome[]): void {
  const outages = outcomes.flatMap((outcome) =>
    'error' in outcome && outcome.error instanceof OriginUnavailable ? outcome.error : [],
  );
  if (outages[0] && outages.length === outcomes.length) throw outages[0];
}

async function findOne({ deps, caller, read }: Asked, { subject, answer }: Question): Promise<LookUpOutcome> {
  const trace: Trace = {};
  try {
    const value = await answer(deps, { ...read, trace });
    requireOwn(caller, subject, value);
    return { value, trace };
  } catch (error) {
    // The age of the answer would tell a bound caller whether there is one that is not shown.
    const isTold = caller.accountNumber === null || !(error instanceof LookUpError);
    return { error: requireFailure(error), trace: isTold ? trace : {} };
  }
}

async function failureOf(done: Promise<void>): Promise<Failure | null> {
  try {
    await done;
    return null;
  } catch (error) {
    return requireFailure(error);
  }
}

/** Throws what is a defect and not what became of a look-up. */
function requireFailure(error: unknown): Failure {
  if (error instanceof LookUpError || error instanceof OriginUnavailable) return error;
  throw error;
}

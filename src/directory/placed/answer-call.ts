import * as z from 'zod';
import { OriginRefused, OriginUnavailable } from '../../cache/errors.ts';
import { parseToken } from '../../cache/logical-time.ts';
import type { ReadDemands } from '../../cache/look-up.ts';
import type { Question, SentAnswer } from '../../cache/placed/protocol.ts';
import { depsOfMany } from '../batch/deps-of-many.ts';
import { type Caller, knownScopes } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { placedLookUps, type PlacedQuestion } from './look-ups.ts';

/** The rights of the caller for whom an isolate asks; null while it checks a key. */
export const Bounds = z
  .object({ accountNumber: z.string().nullable(), scopes: z.array(z.string()) })
  .nullable();

/**
 * Answers the questions of one call from the stores, within the rights of the caller. The isolate has checked these rights, and they
 * are checked once more here. What is asked of the stores travels together, in two steps for a caller that is bound to an account.
 */
export async function answerCall(
  deps: Deps,
  bounds: z.infer<typeof Bounds>,
  questions: readonly Question[],
): Promise<SentAnswer[]> {
  const together = questions.length > 1 ? depsOfMany(deps) : deps;
  const asking: Asking = { deps: together, caller: bounds && callerWithin(bounds) };
  const asked = questions.map(toAsked);
  const reached = await Promise.all(asked.map((one) => reachOf(asking, one)));
  return Promise.all(asked.map(async (one, at) => reached[at] ?? answerOne(asking, one)));
}

interface Asking {
  readonly deps: Deps;
  readonly caller: Caller | null;
}

interface Asked {
  /** Null for a look-up that this version does not know, or an input that it does not take. */
  readonly question: PlacedQuestion | null;
  readonly read: ReadDemands;
}

function callerWithin({ accountNumber, scopes }: NonNullable<z.infer<typeof Bounds>>): Caller {
  return { id: 'origin-worker', accountNumber, scopes: new Set(knownScopes(scopes)) };
}

function toAsked({ name, input, reload, token }: Question): Asked {
  const toQuestion = Object.hasOwn(placedLookUps, name) ? placedLookUps[name] : undefined;
  const parsed = token === '' ? undefined : parseToken(token);
  // A token that cannot be read would else demand nothing.
  const question = parsed === null ? null : (toQuestion?.(input) ?? null);
  return { question, read: { reload, token: parsed ?? undefined } };
}

/** The answer that is known before the question is put to the stores, if there is one. */
async function reachOf({ deps, caller }: Asking, { question, read }: Asked): Promise<SentAnswer | null> {
  if (!question) return UNKNOWN;
  try {
    if (await question.mayAsk(deps, caller, read)) return null;
    // Without a caller nothing is said of what it may see. The isolate then asks the stores itself.
    return caller ? UNSEEN : UNKNOWN;
  } catch (error) {
    if (error instanceof OriginRefused) return { status: 'refused', tiers: {} };
    if (error instanceof OriginUnavailable) return { status: 'away', tiers: {} };
    throw error;
  }
}

async function answerOne({ deps, caller }: Asking, { question, read }: Asked): Promise<SentAnswer> {
  if (!question) return UNKNOWN;
  const answer = await question.answer(deps, read);
  return answer.status === 'found' && !question.isOwn(caller, answer.value) ? UNSEEN : answer;
}

const UNKNOWN: SentAnswer = { status: 'unknown', tiers: {} };
/** The work of the stores would tell whether there is something to see. */
const UNSEEN: SentAnswer = { status: 'unseen', tiers: {} };

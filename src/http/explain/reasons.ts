import type {
  AccountNumberReason,
  ExplainedAccountNumber,
} from '../../directory/accounts/explain-account-number.ts';
import type { BreakerDescription } from '../../cache/breaker.ts';
import type { ExplainedLoad, ExplainedMemory, Explanation, Refusal } from '../../cache/explain/explain.ts';
import { ageMsOf, type SharedEntryState } from '../../cache/explain/shared.ts';
import { dateOf, isLogical } from '../../cache/logical-time.ts';
import type { DescribedTag } from '../../cache/shared/description.ts';

const MS_PER_S = 1_000;
/** More tags than these are counted: the list of tags names them all. */
const MAX_LISTED = 3;

const refusals: Readonly<Record<Refusal, string>> = {
  'refused-by-max-age': 'is older than max-age admits',
  'refused-by-no-cache': 'is refused by no-cache',
  'refused-by-token': 'is not known to be as new as the token',
};

const ofMemory: Readonly<Record<Exclude<ExplainedMemory['state'], 'none'>, string>> = {
  ...refusals,
  usable: 'is valid',
  expired: 'has outlived its life',
  lapsed: 'waits for news of the log, without which it may be out of date',
  invalidated: 'was invalidated',
  'clock-stepped-back': 'goes, for the clock of this isolate has stepped back',
};

const ofLoad: Readonly<Record<ExplainedLoad['state'], string>> = {
  ...refusals,
  joinable: 'is waited for',
  'too-old': 'set out too long ago to be waited for',
  invalidated: 'set out before an invalidation by this isolate',
};

const ofShared: Readonly<Record<Exclude<SharedEntryState, 'none'>, string>> = {
  ...refusals,
  fresh: 'is valid and fresh',
  stale: 'is valid but past its fresh life: it stands in only when Postgres fails',
  expired: 'has outlived its life',
  invalidated: 'was invalidated',
  'other-epoch': 'is of another epoch: the clock was lost since',
  ahead: 'has an as-of that is later than the clock',
  unreadable: 'cannot be read',
};

const ofUrl: Readonly<Record<Exclude<AccountNumberReason, 'found'>, string>> = {
  no_http_url: 'it is no http or https URL whose host can be read',
  ip_address: 'is an IP address, which has no labels',
  no_account_label: 'has no label that is an account number',
  two_account_labels: 'has more than one label that is an account number, so that neither is meant',
  outside_suffixes: 'has its account number elsewhere than directly left of one of ACCOUNT_HOST_SUFFIXES',
};

/** Why a tier answers: one sentence for each that the read asks, in that order. */
export function reasonsOf(explanation: Explanation): string[] {
  const { tier, nowMs, load } = explanation;
  const reasons = [`isolate: ${memoryReason(explanation)}`];
  if (tier === 'memory') return reasons;
  if (load) {
    reasons.push(`flight: the load begun ${seconds(nowMs - load.sentAtMs)} ago ${ofLoad[load.state]}`);
  }
  if (tier === 'load') return reasons;
  const { placedBreaker } = explanation;
  const isPlaced = placedBreaker?.state === 'closed';
  if (isPlaced) reasons.push('origin-worker: is asked in place of the stores, and asks them beside them');
  else if (placedBreaker) reasons.push(`origin-worker: ${notAsked(placedBreaker)}`);
  // That Worker has breakers of its own, of which nothing is known here.
  const seen = isPlaced
    ? { ...explanation, breaker: placedBreaker, originBreaker: placedBreaker }
    : explanation;
  reasons.push(`redis: ${sharedReason(seen)}`);
  const { shared } = explanation;
  if (tier === 'shared' && shared.reply && shared.entryState === 'fresh') return reasons;
  reasons.push(`postgres: ${originReason(seen)}`);
  return reasons;
}

/** Which label of the host was taken, or why none. */
export function urlReasonOf({ reason, accountNumber, labels }: ExplainedAccountNumber): string {
  if (reason === 'found') return `the label ${accountNumber} of the host is the account number`;
  return reason === 'no_http_url' ? ofUrl[reason] : `the host ${labels.join('.')} ${ofUrl[reason]}`;
}

function memoryReason(explanation: Explanation): string {
  const { state, isAbsent = false, msLeft, invalidatedBy } = explanation.memory;
  if (state === 'none') return 'there is no answer in memory';
  const reason = `the answer in memory${absence(isAbsent)} ${ofMemory[state]}`;
  if (state === 'invalidated') return `${reason}, by ${invalidatedBy}`;
  return state === 'usable' ? `${reason} for another ${seconds(msLeft)}${butElsewhere(explanation)}` : reason;
}

function absence(isAbsent: boolean): string {
  return isAbsent ? ', that there is no such thing,' : '';
}

// Memory is allowed to be behind for its lifetime, and whoever sees an old answer must see that it is.
function butElsewhere({ memory: { entry }, shared, tags }: Explanation): string {
  const ending = tags.filter(({ ends }) => ends.includes('memory'));
  if (ending.length > 0) return `, though invalidated in Redis since, by ${list(ending)}`;
  const epoch = shared.reply?.clock.time?.epoch;
  return shared.reply && entry?.asOf && entry.asOf.epoch !== epoch
    ? ', though the clock in Redis was lost since'
    : '';
}

function sharedReason({ breaker, shared, tags }: Explanation): string {
  if (breaker.state === 'open') {
    return notAsked(breaker);
  }
  if (!shared.reply) return shared.failure === 'timeout' ? 'does not answer in time' : 'does not answer';
  const { entryState, reply } = shared;
  if (entryState === 'none') return 'there is no entry';
  const reason = `the entry${absence(shared.isAbsent)} ${ofShared[entryState]}`;
  if (entryState === 'invalidated') {
    return `${reason}, by ${list(tags.filter(({ ends }) => ends.includes('shared')))}`;
  }
  if (entryState !== 'fresh' || typeof reply.entry === 'string') return reason;
  return `${reason} for another ${seconds(reply.entry.freshMs - ageMsOf(reply.entry, reply.nowUs))}`;
}

function notAsked({ msUntilProbe }: BreakerDescription): string {
  const until = msUntilProbe > 0 ? `for another ${seconds(msUntilProbe)}` : 'by this read';
  return `is not asked ${until}, for the breaker is open`;
}

function originReason({ demands, breaker, originBreaker, shared }: Explanation): string {
  if (originBreaker.state === 'open') return notAsked(originBreaker);
  const isInReach = breaker.state !== 'open' && shared.reply !== null;
  if (!isInReach) return 'loads the answer, which only memory keeps';
  const waits = !demands.reload && (!demands.token || isLogical(demands.token));
  if (!waits || shared.reply.leaseMsLeft === null) return 'loads the answer, which Redis and memory keep';
  const left = seconds(shared.reply.leaseMsLeft);
  return `somebody else is loading and has the lease for another ${left}: Redis is asked a few times more, then this read loads too`;
}

function list(tags: readonly DescribedTag[]): string {
  const shown = tags
    .slice(0, MAX_LISTED)
    .map(({ tag, time }) => (time ? `${tag} at ${dateOf(time).toISOString()}` : tag))
    .join(', ');
  return tags.length > MAX_LISTED ? `${shown} and ${tags.length - MAX_LISTED} more` : shown;
}

function seconds(ms: number): string {
  return `${(ms / MS_PER_S).toFixed(1)} s`;
}

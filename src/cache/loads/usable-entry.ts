import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import type { KeyedLookUp, LookUp } from '../look-up.ts';
import { authenticityOf } from '../shared/sealed-entry.ts';
import type { SharedEntry } from '../shared/shared-store.ts';

/** A parsed entry of the shared store. */
interface Shared<T> {
  readonly value: T;
  readonly entry: SharedEntry;
}

/** Parses the entry. Answers null if it cannot be read, or if it decides rights and is not authentic. */
export async function usable<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  entry: SharedEntry,
): Promise<Shared<T> | null> {
  if (!lookUp.decidesRights) return parsed(cache, lookUp, entry);
  const authenticity = await authenticityOf(cache.seal, lookUp.key, entry, cache.clock.now());
  if (authenticity === 'authentic') return parsed(cache, lookUp, entry);
  if (authenticity === 'forged') cache.log.warn('shared_entry_not_authentic', { lookUp: kindOf(lookUp) });
  return null;
}

function parsed<T>(cache: Cache, lookUp: LookUp<T>, entry: SharedEntry): Shared<T> | null {
  try {
    requireTags(cache.origin, entry.tags);
    return { value: lookUp.parse(JSON.parse(entry.payload)), entry };
  } catch (error) {
    cache.log.warn('shared_entry_unreadable', { lookUp: kindOf(lookUp), error: describeError(error) });
    return null;
  }
}

/** Throws if one of the tags is no tag: an answer with wrong tags would never be invalidated. */
export function requireTags({ isTag }: Cache['origin'], tags: readonly string[]): void {
  if (isTag && !tags.every(isTag)) throw new TypeError('an answer has a text among its tags that is no tag');
}

/** The first part of the key. The rest may be a username, and logs hold no personal data. */
export function kindOf({ key }: Pick<KeyedLookUp, 'key'>): string {
  return key.split(':', 1)[0] ?? key;
}

/** Values that disappear at their time, as keys of Redis do. */
export interface Expiring<T> {
  get(key: string): T | undefined;
  set(key: string, value: T, lifeMs: number): void;
  delete(key: string): void;
  clear(): void;
  /** The time until the key disappears; null when there is no such key. */
  msLeft(key: string): number | null;
}

export function makeExpiring<T>(now: () => number): Expiring<T> {
  const held = new Map<string, { readonly value: T; readonly dueMs: number }>();
  const find = (key: string) => {
    const found = held.get(key);
    if (!found || found.dueMs > now()) return found;
    held.delete(key);
    return undefined;
  };
  return {
    get: (key) => find(key)?.value,
    set: (key, value, lifeMs) => void held.set(key, { value, dueMs: now() + lifeMs }),
    delete: (key) => void held.delete(key),
    clear: () => held.clear(),
    msLeft(key) {
      const found = find(key);
      return found ? found.dueMs - now() : null;
    },
  };
}

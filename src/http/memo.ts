import type { Result, Router } from 'hono/router';
import { LRUCache } from 'lru-cache';
import { copyString } from '../lib/copy-string.ts';

/** Results that follow from a text alone, kept for the next request with the same text. */
export interface Memo<V> {
  get(text: string): V | undefined;
  /** Keeps the value under a copy of the text, because the text itself may be a view of a whole URL or header. */
  set(text: string, value: V): void;
  clear(): void;
}

/** Each memo keeps this many results; a matched route takes about 2 kB, parsed parameters about 300 bytes. */
const MAX_RESULTS = 1_000;
/** Requests for longer paths are too rare to be kept. */
const MAX_PATH_LENGTH = 100;
const MAX_METHOD_LENGTH = 7;

/** A memo that ignores texts beyond the length. */
export function makeMemo<V extends {}>(maxLength = Infinity): Memo<V> {
  const known = new LRUCache<string, V>({ max: MAX_RESULTS });
  return {
    get: (text) => (text.length > maxLength ? undefined : known.get(text)),
    set(text, value) {
      if (text.length <= maxLength) known.set(copyString(text), value);
    },
    clear: () => known.clear(),
  };
}

/** The parsed parameters of a request. */
export interface Parameters {
  readonly param: Record<string, unknown>;
  readonly query: Record<string, unknown>;
}

/** The parameters of look-ups without a query, and the spec that parsed them, by path. */
export const parametersByPath = makeMemo<{
  readonly spec: object;
  readonly parameters: Parameters;
}>(MAX_PATH_LENGTH);

/**
 * Adds a memo to a router. Hono's fast router rejects a literal beside a parameter, such as `/v1/accounts/default`, and the
 * trie takes 2.8 µs for what the memo answers in 0.3 µs.
 */
export function cacheMatches<T>(router: Router<T>): Router<T> {
  const known = makeMemo<Result<T>>(MAX_METHOD_LENGTH + 1 + MAX_PATH_LENGTH);
  return {
    name: router.name,
    add(method, path, handler) {
      known.clear();
      router.add(method, path, handler);
    },
    match(method, path) {
      const name = `${method} ${path}`;
      const cached = known.get(name);
      if (cached) return cached;
      // The router cuts the parameters out of this copy. They become keys of the caches and must not keep the whole URL.
      const matched = router.match(method, copyString(path));
      known.set(name, matched);
      return matched;
    },
  };
}

import type { Result, Router } from 'hono/router';
import { LRUCache } from 'lru-cache';

/** Paths that an isolate remembers, some 2 kB each; longer ones are no usual requests. */
const MAX_PATHS = 1_000;
const MAX_PATH_LENGTH = 100;

/** A router that matches a path once: most requests ask for what has been asked for. */
export function rememberMatches<T>(router: Router<T>): Router<T> {
  const known = new LRUCache<string, Result<T>>({ max: MAX_PATHS });
  return {
    name: router.name,
    add(method, path, handler) {
      known.clear();
      router.add(method, path, handler);
    },
    match(method, path) {
      if (path.length > MAX_PATH_LENGTH) return router.match(method, path);
      const name = `${method} ${path}`;
      const remembered = known.get(name);
      if (remembered) return remembered;
      const matched = router.match(method, path);
      known.set(name, matched);
      return matched;
    },
  };
}

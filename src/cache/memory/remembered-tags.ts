/** The latest invalidations of a tag that this isolate knows of. */
export interface Remembered {
  /** The position of the isolate's own invalidation in its order; 0 for none. */
  order: number;
  /** The log's invalidation was no later than this time; -1 for none in this epoch. */
  n: number;
  atMs: number;
}

/** Invalidated tags, until there are too many of them. */
export interface RememberedTags {
  get(tag: string): Remembered | undefined;
  /** The record of the tag, made if there is none. */
  note(tag: string, nowMs: number): Remembered;
  /** Forgets what the log has told, since it is of another epoch. */
  forgetLogged(): void;
  isTooMany(): boolean;
  /** Forgets the tags from before that time. */
  forgetBefore(ms: number): void;
  /** The latest of what was forgotten. */
  readonly forgotten: Readonly<Omit<Remembered, 'atMs'>>;
}

const MAX_REMEMBERED_TAGS = 10_000;

export function makeRememberedTags(): RememberedTags {
  const remembered = new Map<string, Remembered>();
  const forgotten = { order: 0, n: -1 };
  return {
    forgotten,
    get: (tag) => remembered.get(tag),
    note(tag, nowMs) {
      const known = remembered.get(tag) ?? { order: 0, n: -1, atMs: nowMs };
      known.atMs = nowMs;
      remembered.set(tag, known);
      return known;
    },
    forgetLogged() {
      forgotten.n = -1;
      for (const known of remembered.values()) known.n = -1;
    },
    isTooMany: () => remembered.size > MAX_REMEMBERED_TAGS,
    forgetBefore(ms) {
      for (const [tag, { order, n, atMs }] of remembered) {
        if (atMs >= ms) continue;
        remembered.delete(tag);
        forgotten.order = Math.max(forgotten.order, order);
        forgotten.n = Math.max(forgotten.n, n);
      }
    },
  };
}

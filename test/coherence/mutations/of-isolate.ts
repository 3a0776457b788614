import type { Mutation } from './mutation.ts';

const invalidate = 'src/cache/invalidate.ts';
const memory = 'src/cache/memory/memory.ts';
const invalidations = 'src/cache/memory/invalidations.ts';

/** Mutations of isolate memory and of its invalidations. */
export const isolateMutations: readonly Mutation[] = [
  {
    name: 'no invalidation is sent while the breaker is open',
    edits: [
      {
        file: invalidate,
        find: `  try {
    const time = await withDeadline`,
        replace: `  if (breaker.next(clock.now()) !== 'closed') return null;
  try {
    const time = await withDeadline`,
      },
    ],
  },
  {
    name: 'an invalidation that failed hands out the token of the one before',
    edits: [
      {
        file: invalidate,
        find: `    const time = await invalidateOrThrow(cache, tags);
`,
        replace: `    const time = await invalidateOrThrow(cache, tags);
    Object.assign(cache.memory, { latest: time });
`,
      },
      {
        file: invalidate,
        find: `    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    return {`,
        replace: `    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    if ('latest' in cache.memory && cache.memory.latest) return cache.memory.latest;
    return {`,
      },
    ],
  },
  {
    name: 'the isolate does not remember its own invalidations',
    edits: [
      {
        file: invalidate,
        find: `    cache.memory.invalidations.add(tags, cache.clock.now());
`,
        replace: '',
      },
    ],
  },
  {
    name: 'own invalidations are remembered when they are sent, not when they are confirmed',
    edits: [
      {
        file: invalidate,
        find: `  try {
    let latest`,
        replace: `  cache.memory.invalidations.add(tags, cache.clock.now());
  try {
    let latest`,
      },
      {
        file: invalidate,
        find: `    cache.memory.invalidations.add(tags, cache.clock.now());
  }
`,
        replace: `  }
`,
      },
    ],
  },
  {
    name: 'memory is counted from insertion',
    edits: [
      {
        file: memory,
        find: 'entries.set(key, entry, { size });',
        replace: 'entries.set(key, { ...entry, sentAtMs: nowMs }, { size });',
      },
    ],
  },
  {
    name: 'an old load overwrites memory',
    edits: [{ file: memory, find: 'isOutdated || findFault', replace: 'findFault' }],
  },
  {
    name: 'own invalidations are not checked on get',
    edits: [
      {
        file: memory,
        find: 'if (fault === null) return entry;',
        replace: `if (fault === null || (fault === 'invalidated' && nowMs < entry.sentAtMs + ttlMs)) return entry;`,
      },
    ],
  },
  {
    name: `own invalidations of \`everything\` are forgotten`,
    edits: [
      {
        file: invalidations,
        find: 'for (const tag of tags) remembered.note(tag, nowMs).order = order;',
        replace: 'for (const tag of tags) if (tag !== EVERYTHING) remembered.note(tag, nowMs).order = order;',
      },
    ],
  },
];

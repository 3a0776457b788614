import type { Mutation } from './mutation.ts';

const invalidations = 'src/cache/memory/invalidations.ts';
const log = 'src/cache/shared/scripts/log-script.ts';
const lives = 'src/cache/memory/lives.ts';
const scripts = 'src/cache/shared/scripts/scripts.ts';
const validation = 'src/cache/memory/validation.ts';

/** Mutations of the log of invalidated tags, and of the memory that it validates. */
export const validationMutations: readonly Mutation[] = [
  {
    name: 'validation is counted from the reply',
    edits: [
      {
        file: validation,
        find: 'follow(state, question, news)',
        replace: 'follow(state, { ...question, sentAtMs: nowMs }, news)',
      },
    ],
  },
  {
    name: 'an invalidation is not logged',
    edits: [
      {
        file: scripts,
        find: 'local full = epoch == nil or not append_log(n, tags)',
        replace: 'local full = epoch == nil or not append_log(n, {})',
      },
    ],
  },
  {
    name: 'an invalidation logs its first tag only',
    edits: [
      {
        file: log,
        find: '  for _, tag in ipairs(tags) do',
        replace: '  for _, tag in ipairs({ tags[1] }) do',
      },
    ],
  },
  {
    name: 'the log is not read',
    edits: [
      {
        file: validation,
        find: 'isSame ? news.tags : []',
        replace: '[]',
      },
    ],
  },
  {
    name: 'a log that is cut below the cursor leaves no gap',
    edits: [
      { file: log, find: 'const LOG_LIFE_MS = 300_000;', replace: 'const LOG_LIFE_MS = 1_000;' },
      {
        file: log,
        find: `if since ~= epoch or not redis.call('ZSCORE', LOG, '\\\\n' .. at .. ':' .. id) then return nil end`,
        replace: 'if since ~= epoch then return nil end',
      },
    ],
  },
  {
    name: 'a gap is taken for no news',
    edits: [
      {
        file: validation,
        find: 'const sinceN = isGap || isAfter(question.since, known.cursor) ?',
        replace: 'const sinceN = !isGap && isAfter(question.since, known.cursor) ?',
      },
    ],
  },
  {
    name: 'what is inserted is not held against the log',
    edits: [
      {
        file: invalidations,
        find: '      if (entry.checked === version) return false;',
        replace: `      if (entry.checked === -1) entry.checked = version;
      if (entry.checked === version) return false;`,
      },
    ],
  },
  {
    name: 'a new epoch covers what was read before it was known',
    edits: [
      {
        file: validation,
        find: 'covers = ({ asOf, validAtN }: Judged): boolean =>',
        replace: 'covers = ({ validAtN }: Judged): boolean =>',
      },
      {
        file: validation,
        find: 'state !== null && asOf?.epoch === state.through.epoch && validAtN >= state.sinceN;',
        replace: 'state !== null && validAtN >= 0;',
      },
    ],
  },
  {
    name: 'own invalidations are remembered for one lifetime',
    edits: [
      {
        file: invalidations,
        find: '    if (!remembered.isTooMany()) return;\n    sweep();',
        replace: `    remembered.forgetBefore(nowMs - 5_000);
    if (!remembered.isTooMany()) return;
    sweep();`,
      },
    ],
  },
  {
    name: 'tags are forgotten and memory is not held against them before',
    edits: [
      {
        file: 'src/cache/memory/remembered-tags.ts',
        find: 'const MAX_REMEMBERED_TAGS = 10_000;',
        replace: 'const MAX_REMEMBERED_TAGS = 3;',
      },
      { file: invalidations, find: 'const LONGEST_LOAD_MS = 35_000;', replace: 'const LONGEST_LOAD_MS = 0;' },
      {
        file: invalidations,
        find: '    sweep();\n    sweptVersion = version;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'an entry lives in memory for longer than it is fresh in Redis',
    edits: [
      {
        file: lives,
        find: 'Math.max(ttlMs, Math.min(lifeMs, entry.freshMs))',
        replace: 'Math.max(ttlMs, lifeMs + 0 * entry.freshMs)',
      },
    ],
  },
  {
    name: 'a token is satisfied by the time up to which the log was applied',
    edits: [
      {
        file: 'src/cache/read-through.ts',
        find: ' && includesWrite(entry.asOf, demands.token);',
        replace: ` &&
    includesWrite(
      (cache.memory.validation?.covers(entry) && cache.memory.validation.describe(nowMs).through) || entry.asOf,
      demands.token,
    );`,
      },
    ],
  },
  {
    name: 'an entry without a logical time is validated',
    edits: [
      {
        file: validation,
        find: 'asOf?.epoch === state.through.epoch && validAtN >= state.sinceN;',
        replace: '(asOf === null || (asOf.epoch === state.through.epoch && validAtN >= state.sinceN));',
      },
    ],
  },
  {
    name: 'the log ends no entry by `everything`',
    edits: [
      {
        file: invalidations,
        find: '    if (ends(remembered.get(EVERYTHING), entry, epoch)) return EVERYTHING;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'validation has no end',
    edits: [
      {
        file: lives,
        find: `return nowMs < validation.untilMs(nowMs) ? null : 'lapsed';`,
        replace: `return validation.untilMs(nowMs) > 0 ? null : 'lapsed';`,
      },
    ],
  },
];

import type { Mutation } from './mutation.ts';

const database = 'test/coherence/model-database.ts';
const lookUps = 'test/coherence/look-ups.ts';
const drain = 'src/cache/drain.ts';

/** Mutations of the drain, the triggers and the look-ups. */
export const modelMutations: readonly Mutation[] = [
  {
    name: 'tags of only the new row',
    edits: [
      {
        file: database,
        find: 'const versions = [before.rows.get(change.id), after.rows.get(change.id)];',
        replace: 'const versions = [after.rows.get(change.id)];',
      },
    ],
  },
  {
    name: 'tags of only the old row',
    edits: [
      {
        file: database,
        find: 'const versions = [before.rows.get(change.id), after.rows.get(change.id)];',
        replace: 'const versions = [before.rows.get(change.id)];',
      },
    ],
  },
  {
    name: 'a row that is deleted and made again begins at its first revision',
    edits: [
      {
        file: database,
        find: 'rows.set(id, { id, name, revision: ++revisions })',
        replace: 'rows.set(id, { id, name, revision: rows.has(id) ? ++revisions : 1 })',
      },
    ],
  },
  {
    name: 'an answer is not tagged with the row found',
    edits: [{ file: lookUps, find: `tags: ['chosen', \`id:\${chosen}\`]`, replace: `tags: ['chosen']` }],
  },
  {
    name: 'an answer is tagged only with the row found',
    edits: [
      { file: lookUps, find: `tags: ['chosen', \`id:\${chosen}\`]`, replace: `tags: [\`id:\${chosen}\`]` },
    ],
  },
  {
    name: 'the drain deletes a range of ids',
    edits: [
      {
        file: drain,
        find: 'await outbox.delete(idsOf(confirmed))',
        replace:
          'await outbox.delete(Array.from({ length: Math.max(...confirmed.map(({ id }) => id)) }, (_, i) => i + 1))',
      },
    ],
  },
  {
    name: 'the drain deletes after the first pass',
    edits: [
      {
        file: drain,
        find: 'if (confirmed.length > 0) await outbox.delete(idsOf(confirmed));',
        replace: 'await outbox.delete(rows.map(({ id }) => id));',
      },
    ],
  },
  {
    name: 'the drain invalidates only the first time',
    edits: [
      {
        file: drain,
        find: 'rows.flatMap((row) => row.tags)',
        replace: 'rows.filter(isFresh).flatMap((row) => row.tags)',
      },
    ],
  },
  {
    name: 'the drain marks before it invalidates',
    edits: [
      {
        file: drain,
        find: '  const time = await invalidateOrThrow(',
        replace: `  await outbox.markInvalidated(rows.map(({ id }) => id));
  const time = await invalidateOrThrow(`,
      },
    ],
  },
  {
    name: 'the drain deletes before it invalidates',
    edits: [
      {
        file: drain,
        find: '  const time = await invalidateOrThrow(',
        replace: `  await outbox.delete(rows.filter((row) => !isFresh(row)).map(({ id }) => id));
  const time = await invalidateOrThrow(`,
      },
    ],
  },
  {
    name: 'the second pass of the drain does not look for the tags of the first',
    edits: [{ file: drain, find: 'isReadable ? expectedOf(confirmed) : []', replace: '[]' }],
  },
  {
    name: 'the drain takes an invalidation that fails for done',
    edits: [
      {
        file: drain,
        find: 'const time = await invalidateOrThrow(cache, tags, isReadable ? expectedOf(confirmed) : []);',
        replace:
          'const time = (await invalidateOrThrow(cache, tags).catch(() => {})) ?? ({} as LogicalTime);',
      },
    ],
  },
];

import type { LookUpDefinition } from '../../src/cache/look-up.ts';
import type { Row, Stored } from './model-database.ts';

export type Answer = Row | null;

interface Loaded {
  readonly value: Answer;
  readonly tags: readonly string[];
}

/** Every look-up that the model has. */
export const LOOK_UPS = ['id:1', 'id:2', 'name:a', 'name:b', 'chosen'] as const;
export type LookUpKey = (typeof LOOK_UPS)[number];

/** The answer of the look-up for these rows, and its tags. */
export function answerOf(key: LookUpKey, stored: Stored): Loaded {
  if (key === 'chosen') return findChosen(stored);
  return key.startsWith('id:') ? findById(key, stored) : findByName(key, stored);
}

function findChosen({ rows, chosen }: Stored): Loaded {
  return { value: rows.get(chosen) ?? null, tags: ['chosen', `id:${chosen}`] };
}

function findById(key: LookUpKey, { rows }: Stored): Loaded {
  const row = rows.get(Number(key.slice('id:'.length)));
  return { value: row ?? null, tags: [key] };
}

function findByName(key: LookUpKey, { rows }: Stored): Loaded {
  const row = [...rows.values()].find(({ name }) => `name:${name}` === key);
  return row ? { value: row, tags: [key, `id:${row.id}`] } : { value: null, tags: [key] };
}

export function makeLookUp(load: () => Promise<Loaded>): LookUpDefinition<undefined, LookUpKey, Answer> {
  return { kind: 0, key: (key) => key, parse, load };
}

function parse(json: unknown): Answer {
  const isRow = typeof json === 'object' && json !== null && 'revision' in json;
  if (json !== null && !isRow) throw new Error('not an answer');
  // Only the look-ups of this file write payloads with a revision.
  return json as Answer;
}

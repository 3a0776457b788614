import * as z from 'zod';
import { type Cursor as CursorContent, decodeCursor } from './list-cursor.ts';
import { Limit } from './parameters.ts';

const NO_CURSOR = 'is no cursor of this list';

const Cursor = z
  .string()
  .transform((text, ctx) => decodeCursor(text) ?? (ctx.addIssue(NO_CURSOR), z.NEVER))
  .optional()
  .meta({
    description: '`nextCursor` of the page before; asked with its filters.',
    override: { type: 'string' },
  });

/** `?limit=` and `?cursor=` of lists that are no look-ups. */
export const listParameters = { limit: Limit, cursor: Cursor };

/** Text to look for, of so many characters: what Postgres can hold, on one line. */
export function sought(description: string, maxLength: number, minLength = 1) {
  return z
    .string()
    .regex(
      new RegExp(String.raw`^[^\u0000-\u001f\u007f-\u009f]{${minLength},${maxLength}}$`, 'u'),
      `must have ${minLength} to ${maxLength} characters, none of them a control character`,
    )
    .refine((text) => text.isWellFormed(), 'is not well-formed Unicode')
    .optional()
    .meta({ description });
}

interface Rule<Q> {
  /** Where one of these has a fault by itself, the rule says no more. */
  readonly concerns: readonly (keyof Q & string)[];
  readonly holds: (query: Q) => boolean;
  /** Those that are at fault. */
  readonly names: readonly (keyof Q & string)[];
  readonly detail: string;
}

/** The schema with a rule that no parameter can break alone. */
export function withRule<S extends z.ZodObject>(schema: S, rule: Rule<z.output<S>>): S {
  const { concerns, holds, names, detail: message } = rule;
  return schema.superRefine(
    (query, ctx) => {
      if (!holds(query)) for (const name of names) ctx.addIssue({ code: 'custom', path: [name], message });
    },
    { when: ({ issues }) => !issues.some(({ path = [] }) => concerns.some((name) => name === path[0])) },
  );
}

/** The schema with the rule that a cursor is one of the list with the very filters. */
export function withOwnCursor<S extends z.ZodObject>(
  schema: S,
  filters: readonly (keyof z.output<S> & string)[],
  isOwn: (cursor: CursorContent, query: z.output<S>) => boolean,
): S {
  return withRule(schema, {
    concerns: ['cursor', ...filters],
    holds: (query) => {
      const { cursor } = query as { cursor?: CursorContent | undefined };
      return cursor === undefined || isOwn(cursor, query);
    },
    names: ['cursor'],
    detail: NO_CURSOR,
  });
}

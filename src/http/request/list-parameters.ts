import * as z from 'zod';
import { soughtText } from '../../directory/fields.ts';
import { Instant } from '../../directory/instant.ts';
import { decodeCursor, isCursorOf, NO_CURSOR, type SentCursor } from '../../cursor.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { Limit } from './parameters.ts';
import type { Fault } from '../response/problem.ts';

const Cursor = z
  .string()
  .transform((text, ctx) => decodeCursor(text) ?? (ctx.addIssue(NO_CURSOR), z.NEVER))
  .optional()
  .meta({
    param: {
      id: 'cursor',
      description: '`nextCursor` of the previous page. Send the same filters with it.',
    },
  });

/** `?limit=` and `?cursor=` of every list. */
export const listParameters = { limit: Limit, cursor: Cursor };

/** The parameters of a list without filters. */
export const PageQuery = z.object(listParameters);

/** Adds a fault when the service did not make the cursor, or made it for another list. */
export async function refuseOtherCursor(
  { list }: Pick<AnyEndpointSpec, 'list'>,
  input: Parameters<NonNullable<AnyEndpointSpec['list']>>[0],
  env: object,
  faults: Fault[],
): Promise<void> {
  // Every list names it `cursor`, and the change feed `after`. The name of the list is known once the other parameters are valid.
  const { cursor, after = cursor } = input.query as { cursor?: SentCursor; after?: SentCursor | 'latest' };
  if (!after || after === 'latest' || faults.length > 0) return;
  const isOwn = list !== undefined && (await isCursorOf(env, list(input), after));
  if (!isOwn) faults.push({ in: 'query', name: cursor ? 'cursor' : 'after', detail: NO_CURSOR });
}

/** A text that a list is asked for. */
export function sought(description: string, maxLength: number, minLength?: number) {
  return soughtText(maxLength, minLength).optional().meta({ param: { description } });
}

/** `?since=` and `?until=` of lists that are ordered by time. */
export const timeParameters = {
  since: Instant.optional().meta({ param: { id: 'since', description: 'Not before this time.' } }),
  until: Instant.optional().meta({ param: { id: 'until', description: 'Before this time.' } }),
};

interface Rule<Q> {
  /** The rule is skipped when one of these parameters has a fault of its own. */
  readonly concerns: readonly (keyof Q & string)[];
  readonly holds: (query: Q) => boolean;
  /** The parameters that get the fault. */
  readonly names: readonly (keyof Q & string)[];
  readonly detail: string;
}

/** Adds a rule about several parameters to the schema. */
export function withRule<S extends z.ZodObject>(schema: S, rule: Rule<z.output<S>>): S {
  const { concerns, holds, names, detail: message } = rule;
  return schema.superRefine(
    (query, ctx) => {
      if (!holds(query)) for (const name of names) ctx.addIssue({ code: 'custom', path: [name], message });
    },
    { when: ({ issues }) => !issues.some(({ path = [] }) => concerns.some((name) => name === path[0])) },
  );
}

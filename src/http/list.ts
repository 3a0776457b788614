import { z } from 'zod';

/** The body of a page of a list. */
export function listOf<T extends z.ZodType>(item: T, id: string) {
  const nextCursor = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last one.' });
  return z.object({ items: z.array(item), nextCursor }).meta({ id });
}

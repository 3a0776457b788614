import type { Context } from 'hono';
import * as z from 'zod';
import { type DefinedList, nameOfSlice, readList, sliceFor } from '../../directory/list.ts';
import {
  answerOf,
  type DefinedLookUp,
  type InputOf,
  keyedBy,
  type LookUpBasics,
} from '../../directory/look-up.ts';
import { toPage } from '../../directory/page.ts';
import type { AppEnv } from '../app-env.ts';
import type { Tag } from '../spec.ts';
import { endpoint, type EndpointTypes } from '../endpoint/endpoint.ts';
import { PageQuery } from '../request/list-parameters.ts';
import { type InputParameters, inputParameters } from '../request/parameters.ts';
import { answerPage, answerRow, type Item, type Row } from '../response/answer.ts';

/** The part of a route's description that its look-up does not have. */
interface RouteOptions {
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
}

/** The parameters of the path are the input's fields. */
type PathOf<S extends z.ZodRawShape> = z.ZodObject<Pick<InputParameters, keyof S & keyof InputParameters>>;

/** The handlers of the route that answers the look-up. */
export function lookUpRoute<S extends z.ZodRawShape, A extends Row, V>(
  lookUp: DefinedLookUp<string, S, A, V>,
  options: RouteOptions,
) {
  type Types = EndpointTypes<PathOf<S>>;
  const validate = endpoint<PathOf<S>>({
    ...options,
    ...specOfLookUp(lookUp),
    body: lookUp.value,
    lookUp: ({ param }) => keyedBy(lookUp, toInput<S>(param)),
  });
  const handle = async (c: Context<AppEnv, string, Types>) => {
    const input = toInput<S>(c.req.valid('param'));
    return answerRow(c, await answerOf(c.get('deps'), lookUp, input, c.get('read')));
  };
  return [validate, handle] as const;
}

/** The handlers of the route that answers a page of the list. */
export function listRoute<S extends z.ZodRawShape, T extends Item>(
  list: DefinedList<S, T>,
  { body, ...options }: RouteOptions & { readonly body: z.ZodType },
) {
  type Types = EndpointTypes<PathOf<S>, typeof PageQuery>;
  const validate = endpoint<PathOf<S>, typeof PageQuery>({
    ...options,
    ...specOfLookUp(list),
    query: PageQuery,
    body,
    list: ({ param, accountNumber }) =>
      nameOfSlice(list, sliceFor(list, { accountNumber }, toInput<S>(param), undefined)),
    lookUp({ param, query, accountNumber }) {
      const page = toPage(query.limit, query.cursor);
      const slice = sliceFor(list, { accountNumber }, toInput<S>(param), page);
      return page.isCached ? keyedBy(list.slices, slice) : null;
    },
  });
  const handle = async (c: Context<AppEnv, string, Types>) => {
    const { limit, cursor } = c.req.valid('query');
    const page = toPage(limit, cursor);
    const slice = sliceFor(list, c.get('caller'), toInput<S>(c.req.valid('param')), page);
    const answer = await readList(c.get('deps'), list, slice, c.get('read'));
    return answerPage(c, nameOfSlice(list, slice), page, answer);
  };
  return [validate, handle] as const;
}

/** The part of a route's description that follows from its look-up. */
export function specOfLookUp<S extends z.ZodRawShape>(lookUp: LookUpBasics<S>) {
  const names = Object.keys(lookUp.input.shape);
  const shape = Object.fromEntries(Object.entries(inputParameters).filter(([name]) => names.includes(name)));
  return {
    ...(lookUp.implements !== undefined && { implements: lookUp.implements }),
    scope: 'directory:read',
    subject: ({ param }: { readonly param: z.output<PathOf<S>> }) => lookUp.subject(toInput<S>(param)),
    // Exactly the parameters that the input names.
    ...(names.length > 0 && { path: z.object(shape) as unknown as PathOf<S> }),
    errors: lookUp.errors,
  } as const;
}

/** Validated parameters have the names and types of the input's fields. */
function toInput<S extends z.ZodRawShape>(param: object): InputOf<S> {
  return param as InputOf<S>;
}

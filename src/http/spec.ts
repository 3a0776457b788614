import type * as z from 'zod';
import type { ExplainedAccountNumber } from '../directory/accounts/explain-account-number.ts';
import type { KeyedLookUp } from '../cache/look-up.ts';
import type { Scope } from '../directory/caller.ts';
import type { Subject } from '../directory/subject.ts';
import type { ProblemCode } from './response/problem.ts';

/** The group of a route in the OpenAPI document. */
export type Tag =
  | 'Accounts'
  | 'API keys'
  | 'Audit'
  | 'Context'
  | 'Deletions'
  | 'Documentation'
  | 'Look-ups'
  | 'Operations'
  | 'User profiles'
  | 'Users';

/** The validated parts of a request. */
export interface EndpointInput<P extends z.ZodType, Q extends z.ZodType, J extends z.ZodType> {
  readonly param: z.output<P>;
  readonly query: z.output<Q>;
  readonly json: z.output<J>;
  readonly url: string;
  readonly env: object;
  /** The number of the account to which the caller is bound; null: none. */
  readonly accountNumber: string | null;
}

/** The declaration of a route: rights, validation and the OpenAPI document follow from it. */
export interface EndpointSpec<P extends z.ZodObject, Q extends z.ZodObject, J extends z.ZodType> {
  /** The name of the operation in the OpenAPI document and in clients made from it. Unique and in camel case. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** The documented function of the original platform that the route answers. */
  readonly implements?: string;
  readonly tag: Tag;
  /** The scope that the caller needs; `open`: none, not even a key. */
  readonly scope: Scope | 'open';
  /** A second scope that the caller needs. */
  readonly alsoScope?: Scope;
  // A method, so that specs with different parameters fit into one list.
  /** The thing that a bound caller must be able to see; null when it belongs to no account. */
  subject?(input: EndpointInput<P, Q, J>): Subject | null;
  readonly path?: P;
  readonly query?: Q;
  /** Names the list and its filters in the cursors of its pages. */
  list?(input: Pick<EndpointInput<P, Q, J>, 'param' | 'query' | 'accountNumber'>): string;
  /** Schema of the JSON body that the request must have. */
  readonly json?: J;
  /** No body is as good as an empty object. */
  readonly isBodyOptional?: boolean;
  /** Media types of the body. */
  readonly jsonTypes?: readonly string[];
  /** Schema of the body of a success. */
  readonly body: z.ZodType;
  /** The route answers 201, with the same body: always, or besides 200. */
  readonly creates?: 'always' | 'sometimes';
  /** `If-Match` is required: always, or unless the request is a dry run. */
  readonly precondition?: 'always' | 'unless-dry-run';
  /** `Idempotency-Key` is understood. */
  readonly idempotent?: boolean;
  /** The route changes rows: a token in the answer. */
  readonly writes?: boolean;
  /** The route is a read past every cache: `ETag` and `Cache-Status` in the answer, and 304. */
  readonly uncached?: boolean;
  /** The answer has an entity tag. */
  readonly tagged?: boolean;
  /** The route can answer 503 as well, with the same body. */
  readonly unready?: boolean;
  /** The body is a page, not JSON. */
  readonly html?: boolean;
  /** The codes of the route's own problems. Those of every route are added to them. */
  readonly errors?: readonly ProblemCode[];
  /** The demands of a read may be given, though the route is none, or more than one. */
  readonly demands?: boolean;
  /** `Cache-Status` and `Server-Timing` in the answer, though the route is not one look-up. */
  readonly tiered?: boolean;
  /**
   * The look-up of a route that reads through the cache: demands in, `Cache-Status` and `ETag` out. Null when this
   * request looks nothing up.
   */
  lookUp?(input: EndpointInput<P, Q, J>): KeyedLookUp | null;
  /** Why the route answers what it answers, where it asks no store. */
  explain?(input: EndpointInput<P, Q, J>): ExplainedAccountNumber;
}

export type AnyEndpointSpec = EndpointSpec<z.ZodObject, z.ZodObject, z.ZodType>;

/** Media types of JSON bodies, and of changes by RFC 7396. */
export const JSON_TYPES = ['application/json'] as const;
export const MERGE_PATCH_TYPES = ['application/merge-patch+json', 'application/json'] as const;

import * as z from 'zod';
import { formatToken } from '../cache/logical-time.ts';
import type { Idempotency, Precondition, Written } from '../directory/write.ts';
import { bounded } from '../directory/fields.ts';
import type { RpcWritten } from '../shapes/rpc.ts';
import { RequestId } from './call.ts';
import { BadArgument } from './method.ts';
import { sha256Of } from '../lib/hash.ts';

const revision = z.int().positive();
const force = z.boolean().default(false);
const dryRun = z.boolean().default(false);
const requestId = RequestId.optional();
/** Schema of `RequestOptions`. */
export const ofRequest = z.strictObject({ requestId }).default({});
/** Schema of `ChangeOptions`. */
export const change = z.strictObject({ revision, requestId });
/** Schema of `DeleteOptions`. */
export const deletion = z
  .strictObject({ revision: revision.optional(), dryRun, requestId })
  .refine(isConditional, { path: ['revision'], error: 'is required' });
/** Schema of `ChangeOptions & ForceOptions`. */
export const forceableChange = z.strictObject({ revision, force, requestId });
/** Schema of `DeleteOptions & ForceOptions`. */
export const forceableDeletion = z
  .strictObject({ revision: revision.optional(), dryRun, force, requestId })
  .refine(isConditional, { path: ['revision'], error: 'is required' });
const IDEMPOTENCY_KEY = 'must have 1 to 255 printable ASCII characters';
/** Schema of `CreateOptions`. */
export const creation = z
  .strictObject({
    idempotencyKey: bounded(255, IDEMPOTENCY_KEY)
      .regex(/^[\x21-\x7e]+$/, IDEMPOTENCY_KEY)
      .optional(),
    requestId,
  })
  .default({});

function isConditional(options: { revision?: number | undefined; dryRun: boolean }): boolean {
  return options.dryRun || options.revision !== undefined;
}

export function toWritten<T>({ value, token }: Written<T>): RpcWritten<T> {
  return token ? { value, consistencyToken: formatToken(token) } : { value };
}

export function preconditionOf({ revision: seen }: { revision?: number | undefined }): Precondition {
  return seen === undefined ? null : [[{ revision: seen }]];
}

/**
 * The claim that the options make; `name` and what the caller sent, before anything was made of it, tell what is asked for
 * under it. Throws `BadArgument` for what JSON cannot say.
 */
export async function idempotencyOf(
  name: string,
  sent: unknown,
  { idempotencyKey }: z.output<typeof creation>,
): Promise<Idempotency | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const { options: _, ...input } = Object(sent) as Readonly<Record<string, unknown>>;
  return { key: idempotencyKey, requestSha256: await sha256Of(`${name}\n${toJson(input)}`) };
}

function toJson(input: object): string {
  try {
    return JSON.stringify(input);
  } catch {
    throw new BadArgument(`${Object.keys(input).join(', ')}: must be JSON under an idempotencyKey`);
  }
}

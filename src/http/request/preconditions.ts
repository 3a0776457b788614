import type { HonoRequest } from 'hono';
import type { Precondition } from '../../directory/write.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { MAX_ENTITY_TAGS, parseEtags } from '../response/etag.ts';
import { type Fault, ProblemError } from '../response/problem.ts';

/**
 * The states of the row that the caller has seen, by `If-Match`; null: any will do. Throws `precondition_required` when the
 * route asks for one and there is none.
 */
export function parsePrecondition(
  req: HonoRequest,
  { precondition }: AnyEndpointSpec,
  query: Readonly<Record<string, unknown>>,
  faults: Fault[],
): Precondition {
  const text = req.header('If-Match');
  if (text === undefined) {
    const isRequired = precondition === 'always' || (precondition && query['dryRun'] !== true);
    if (!isRequired) return null;
    throw new ProblemError('precondition_required', 'send the ETag of what is to be changed as If-Match');
  }
  if (text.trim() === '*') return null;
  const etags = parseEtags(text);
  if (!etags)
    faults.push({
      in: 'header',
      name: 'If-Match',
      detail: `must be * or at most ${MAX_ENTITY_TAGS} entity tags`,
    });
  return etags ?? [];
}

import type { HonoRequest } from 'hono';
import type { Precondition } from '../../directory/write.ts';
import type { AnyEndpointSpec } from '../spec.ts';
import { MAX_ENTITY_TAGS, parseEtags } from '../response/etag.ts';
import { type Fault, ProblemError } from '../response/problem.ts';

/**
 * Parses the states of the row that the caller accepts, by `If-Match`; null accepts any state. Throws `precondition_required`
 * when the route requires the header and it is missing.
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
    throw new ProblemError('precondition_required', 'send If-Match with the ETag that you read');
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

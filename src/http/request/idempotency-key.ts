import type { HonoRequest } from 'hono';
import type { Idempotency } from '../../directory/write.ts';
import { sha256Of } from '../../lib/hash.ts';
import type { Fault } from '../response/problem.ts';

/** Printable ASCII. The draft of the header defines a quoted string, and most senders leave the quotes out. */
const IDEMPOTENCY_KEY = /^"?([\x20\x21\x23-\x7e]{1,255})"?$/;

/** Parses `Idempotency-Key` and digests the request that it names; undefined without the header. */
export async function parseIdempotencyKey(
  req: HonoRequest,
  bodyText: string,
  faults: Fault[],
): Promise<Idempotency | undefined> {
  const header = req.header('Idempotency-Key');
  if (header === undefined) return undefined;
  const [, key] = IDEMPOTENCY_KEY.exec(header) ?? [];
  if (key !== undefined)
    return { key, requestSha256: await sha256Of(`${req.method} ${req.path}\n${bodyText}`) };
  faults.push({
    in: 'header',
    name: 'Idempotency-Key',
    detail: 'must have 1 to 255 printable ASCII characters',
  });
  return undefined;
}

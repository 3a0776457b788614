import type { ReadDemands } from '../../cache/look-up.ts';
import { parseToken } from '../../cache/logical-time.ts';
import type { Fault } from '../response/problem.ts';

/** Parses the demands that `Cache-Control` and `Consistency-Token` make of a read, and adds malformed ones to the faults. */
export function parseReadDemands(headers: Headers, faults: Fault[]): ReadDemands {
  const control = headers.get('Cache-Control');
  const names =
    control
      ?.toLowerCase()
      .split(',')
      .map((directive) => directive.trim()) ?? [];
  return {
    reload: names.includes('no-cache'),
    maxAgeMs: parseMaxAge(names, faults),
    token: parseTokenHeader(headers.get('Consistency-Token'), faults),
  };
}

/** RFC 9111 asks caches to take larger values for this one. */
const MAX_AGE_S = 2 ** 31;

function parseMaxAge(directives: readonly string[], faults: Fault[]): number | undefined {
  const maxAge = directives.find((directive) => directive.startsWith('max-age='));
  if (maxAge === undefined) return undefined;
  const [, seconds] = /^max-age="?(\d+)"?$/.exec(maxAge) ?? [];
  if (seconds !== undefined) return Math.min(Number(seconds), MAX_AGE_S) * 1_000;
  faults.push({ in: 'header', name: 'Cache-Control', detail: 'max-age must be a whole number of seconds' });
  return undefined;
}

function parseTokenHeader(text: string | null, faults: Fault[]): ReadDemands['token'] {
  const token = text === null ? undefined : parseToken(text);
  if (token === null) faults.push({ in: 'header', name: 'Consistency-Token', detail: 'is malformed' });
  return token ?? undefined;
}

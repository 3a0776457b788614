import { usageFailure } from '../failure.ts';

/** The values that were given, without those that were not. */
export function given<T extends object>(values: T): Partial<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** The changes of metadata: `name=text` sets a name, and `removed` are the names that go. */
export function metadataOf(
  pairs: readonly string[] | undefined,
  removed: readonly string[] | undefined = [],
): Record<string, string | null> | undefined {
  if (pairs === undefined && removed.length === 0) return undefined;
  const set = (pairs ?? []).map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw usageFailure(`"${pair}" is not name=text.`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Object.fromEntries([...removed.map((name) => [name, null] as const), ...set]);
}

/**
 * Copies the characters of a string that is going to be kept: in V8 a slice is a view, which keeps the whole text that it was
 * cut out of. The blank makes V8 copy: it has to write the concatenation out before it can cut it.
 */
export function copyString(slice: string): string {
  return ` ${slice}`.slice(1);
}

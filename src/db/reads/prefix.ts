const LAST_CODE_POINT = 0x10ffff;
const BEFORE_SURROGATES = 0xd7ff;
const AFTER_SURROGATES = 0xe000;

/**
 * The least text, in the order of UTF-8's bytes, that is greater than every text with the prefix; null when there is none.
 * That order is the one of code points.
 */
export function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? LAST_CODE_POINT;
    if (point < LAST_CODE_POINT) return points.join('') + String.fromCodePoint(nextOf(point));
  }
  return null;
}

function nextOf(point: number): number {
  return point === BEFORE_SURROGATES ? AFTER_SURROGATES : point + 1;
}

/** A value as people read it, on one line. Nothing in it can steer a terminal. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(toText).join(', ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, one]) => `${harmless(name)}=${toText(one)}`)
      .join(', ');
  }
  // The rest are texts and numbers.
  return harmless(`${value as string | number}`);
}

/** The text without control characters and marks that turn the direction of writing. */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}

/** A number of things, e.g. `1 key`, `2 keys`. */
export function count(number: number, one: string, several = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : several}`;
}

/** A time to the second, for tables. */
export function toSecond(time: string | null): string {
  return time === null ? '' : `${time.slice(0, 10)} ${time.slice(11, 19)}Z`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** How long ago it was, e.g. `3 days ago`. */
export function ago(time: string, nowMs: number): string {
  const ms = nowMs - Date.parse(time);
  for (const [unit, unitMs] of UNITS) {
    if (ms >= unitMs) return `${count(Math.floor(ms / unitMs), unit)} ago`;
  }
  return 'just now';
}

import { badRequest } from '../response/problem.ts';

/** Throws when the percent-encoding of a URL is broken. */
export function refuseBrokenEncoding(url: string): void {
  if (url.includes('%')) requireDecodable(new URL(url));
}

/** Throws when the percent-encoding of the path or query is broken. Hono would pass it on undecoded. */
export function requireDecodable({ pathname, search }: URL): void {
  for (const [place, text] of [
    ['path', pathname],
    ['query', search],
  ] as const) {
    if (!isDecodable(text))
      throw badRequest([{ in: place, name: place, detail: 'has broken percent-encoding' }]);
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

import { badRequest } from '../response/problem.ts';

/** As `requireDecodable`, of a whole URL. */
export function refuseBrokenEncoding(url: string): void {
  if (url.includes('%')) requireDecodable(new URL(url));
}

/** Throws on a path or query whose percent-encoding is broken, which Hono would pass on undecoded. */
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

import { badRequest, ProblemError } from '../response/problem.ts';

const KIB = 1_024;
const MAX_URL_LENGTH = 16 * KIB;
/** Room for an assertion of Access and its cookie besides the other headers. */
const MAX_HEADERS_LENGTH = 32 * KIB;
/** Every route has fewer than ten parameters. */
const MAX_QUERY_PARAMETERS = 100;

/** Throws a problem when the URL or the headers are too large, before they are parsed. */
export function refuseOversized(url: string, headers: Headers): void {
  if (url.length > MAX_URL_LENGTH) {
    throw new ProblemError('uri_too_long', `the URL may have at most ${MAX_URL_LENGTH} characters`);
  }
  if (lengthOf(headers) > MAX_HEADERS_LENGTH) {
    throw new ProblemError(
      'headers_too_large',
      `the headers may have at most ${MAX_HEADERS_LENGTH} characters together`,
    );
  }
  if (hasMoreParameters(url, MAX_QUERY_PARAMETERS)) {
    const detail = `has more than ${MAX_QUERY_PARAMETERS} parameters`;
    throw badRequest([{ in: 'query', name: 'query', detail }]);
  }
}

function lengthOf(headers: Headers): number {
  let length = 0;
  // `forEach` takes half the time of the iterator, which allocates a pair for each header.
  headers.forEach((value, name) => {
    length += name.length + value.length;
  });
  return length;
}

function hasMoreParameters(url: string, limit: number): boolean {
  let at = url.indexOf('?');
  for (let parameters = 0; at !== -1; parameters++) {
    if (parameters === limit) return true;
    at = url.indexOf('&', at + 1);
  }
  return false;
}

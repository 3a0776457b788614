import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './app-env.ts';
import { badRequest, ProblemError } from './problem.ts';

const KIB = 1_024;
const MAX_URL_LENGTH = 16 * KIB;
/** Room for a token of Access and its cookie beside whatever else there is. */
const MAX_HEADERS_LENGTH = 32 * KIB;
/** No route has ten. */
const MAX_QUERY_PARAMETERS = 100;

/** Refuses what is too large to be meant, before anything is made of it. */
export const refuseOversized: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.url.length > MAX_URL_LENGTH) {
    throw new ProblemError('uri_too_long', `the URL may have ${MAX_URL_LENGTH} characters`);
  }
  if (lengthOf(c.req.raw.headers) > MAX_HEADERS_LENGTH) {
    throw new ProblemError(
      'headers_too_large',
      `the headers may have ${MAX_HEADERS_LENGTH} characters together`,
    );
  }
  if (hasMoreParameters(c.req.url, MAX_QUERY_PARAMETERS)) {
    const detail = `has more than ${MAX_QUERY_PARAMETERS} parameters`;
    throw badRequest([{ in: 'query', name: 'query', detail }]);
  }
  await next();
};

function lengthOf(headers: Headers): number {
  let length = 0;
  for (const [name, value] of headers) length += name.length + value.length;
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

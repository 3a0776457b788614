import * as z from 'zod';
import type { AnyEndpointSpec } from '../spec.ts';
import type { Components } from './components.ts';
import { problemHeadersOf, responseHeadersOf, shareHeaders } from './headers.ts';

interface SuccessResponse {
  readonly description: string;
  readonly headers: object;
  readonly content: object;
}

/** The responses of a route that are no problems. */
export function successResponsesOf(
  components: Components,
  spec: AnyEndpointSpec,
  isRead: boolean,
): Record<string, object> {
  const content = {
    [spec.html ? 'text/html' : 'application/json']: { schema: components.describe(spec.body, 'output') },
  };
  const responseOf = (description: string, isCreated: boolean) =>
    shareResponse(components, spec.body, {
      description,
      headers: shareHeaders(components, responseHeadersOf(spec, isCreated)),
      content,
    });
  return {
    ...(spec.creates !== 'always' && { 200: responseOf('The answer.', false) }),
    ...(spec.creates && { 201: responseOf('Created.', true) }),
    ...(spec.unready && {
      503: { description: 'As 200.', headers: shareHeaders(components, problemHeadersOf(503)), content },
    }),
    ...(isRead && (spec.lookUp || spec.uncached) && { 304: notModified(components) }),
  };
}

/** Routes that answer the same body with the same headers share the response, if the body has a name. */
function shareResponse(components: Components, body: z.ZodType, response: SuccessResponse): object {
  const name = z.globalRegistry.get(body)?.id;
  return name === undefined
    ? response
    : components.share('responses', name + suffixOf(response.headers), response);
}

function suffixOf(headers: object): string {
  if ('Location' in headers) return 'Created';
  if ('Consistency-Token' in headers) return 'Written';
  return 'ETag' in headers ? 'Read' : '';
}

// All reads that answer it have the same headers.
function notModified(components: Components): object {
  return components.share('responses', 'NotModified', {
    description: 'The caller has the current representation.',
    headers: shareHeaders(components, responseHeadersOf({ uncached: true }, false)),
  });
}

import * as z from 'zod';
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import type { AnyEndpointSpec } from '../spec.ts';
import { problemHeadersOf, responseHeadersOf } from './headers.ts';

/** The responses of a route that are no problems. */
type SuccessResponses = (spec: AnyEndpointSpec, isRead: boolean) => ZodOpenApiResponsesObject;

/** Routes that answer the same body with the same headers share the response, which is a component of the document. */
export function makeSuccessResponses(): SuccessResponses {
  const known = new Map<string, ZodOpenApiResponseObject & { headers: z.ZodObject }>();

  function responseOf(description: string, spec: AnyEndpointSpec, isCreated = false) {
    const headers = responseHeadersOf(spec, isCreated);
    const response = { description, headers, content: contentOf(spec) };
    const body = z.globalRegistry.get(spec.body)?.id;
    if (body === undefined) return response;
    const id = body + suffixOf(headers);
    const shared = known.get(id) ?? { id, ...response };
    known.set(id, shared);
    return haveSameNames(shared.headers, headers) ? shared : response;
  }

  return (spec, isRead) => ({
    ...(spec.creates !== 'always' && { 200: responseOf('The answer.', spec) }),
    ...(spec.creates && { 201: responseOf('Created.', spec, true) }),
    ...(spec.unready && {
      503: { description: 'As 200.', headers: problemHeadersOf(503), content: contentOf(spec) },
    }),
    ...(isRead && (spec.lookUp || spec.uncached) && { 304: notModified }),
  });
}

// All reads that answer it have the same headers.
const notModified = {
  id: 'NotModified',
  description: 'The caller has the current representation.',
  headers: responseHeadersOf({ uncached: true }, false),
};

function contentOf(spec: AnyEndpointSpec) {
  return { [spec.html ? 'text/html' : 'application/json']: { schema: spec.body } };
}

function suffixOf({ shape }: z.ZodObject): string {
  if ('Location' in shape) return 'Created';
  if ('Consistency-Token' in shape) return 'Written';
  return 'ETag' in shape ? 'Read' : '';
}

function haveSameNames(one: z.ZodObject, other: z.ZodObject): boolean {
  return String(Object.keys(one.shape)) === String(Object.keys(other.shape));
}

import { z } from 'zod';

const json = z.json();
const schema = z.record(z.string(), json);
const Parameter = z.object({
  in: z.enum(['path', 'query', 'header']),
  name: z.string().min(1),
  required: z.boolean().optional(),
  description: z.string().min(1).optional(),
  schema,
});
const content = z.record(z.string(), z.object({ schema }));
const DocumentedResponse = z.object({
  description: z.string().min(1),
  headers: z.record(z.string(), z.looseObject({ schema })).optional(),
  content: content.optional(),
});
type DocumentedResponse = z.infer<typeof DocumentedResponse>;
export const Operation = z.object({
  operationId: z.string().regex(/^[a-z][a-z0-9]*([A-Z][a-z0-9]+)+$/),
  tags: z.array(z.string()).min(1),
  summary: z.string().min(1),
  description: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(Parameter).optional(),
  requestBody: z.object({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), DocumentedResponse),
});
export type Operation = z.infer<typeof Operation>;

const Document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.looseObject({ title: z.string().min(1), version: z.string().regex(/^\d+\.\d+\.\d+/) }),
  servers: z.tuple([z.object({ url: z.literal('/'), description: z.string().min(1) })]),
  tags: z.array(z.object({ name: z.string().min(1), description: z.string().min(1) })),
  components: z.object({
    schemas: z.record(z.string(), schema),
    securitySchemes: z.record(z.string(), z.object({ type: z.literal('http'), scheme: z.literal('bearer') })),
  }),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'patch', 'delete']), Operation),
  ),
});
export type Document = z.infer<typeof Document>;

/** Parses the OpenAPI document, as strictly as the tests need it. Only schemas stay references. */
export function readDocument(text: string): Document {
  // Any value: the document is parsed when its references are replaced.
  const raw: Components = JSON.parse(text);
  return Document.parse(inlined(raw, raw.components));
}

interface Components {
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function inlined(part: unknown, components: Components['components']): unknown {
  if (Array.isArray(part)) return part.map((one) => inlined(one, components));
  if (typeof part !== 'object' || part === null) return part;
  const [, kind = '', name = ''] =
    '$ref' in part
      ? (/^#\/components\/(headers|parameters|responses)\/(.+)$/.exec(String(part.$ref)) ?? [])
      : [];
  if (kind !== '') return inlined(components[kind]?.[name], components);
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, inlined(value, components)]));
}

/** A schema of the document, as a validator. */
export function validatorOf(api: Document, part: object): z.ZodType {
  const whole = { ...part, $defs: api.components.schemas };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')));
}

/** What is wrong with an answer, held against its operation in the document; null when nothing is. */
export async function findFault(
  api: Document,
  operation: Operation,
  response: Response,
): Promise<string | null> {
  const documented = operation.responses[response.status];
  const body = await response.text();
  if (!documented) return `the status ${response.status} is not documented: ${body}`;
  const missing = requiredHeaders(documented).find((name) => !response.headers.has(name));
  if (missing) return `${response.status} lacks ${missing}`;
  return findBodyFault(api, documented, response.headers.get('Content-Type'), body);
}

function findBodyFault(
  api: Document,
  documented: DocumentedResponse,
  contentType: string | null,
  body: string,
): string | null {
  const [only] = Object.entries(documented.content ?? {});
  if (!only) return body === '' && contentType === null ? null : `an undocumented body: ${body}`;
  const [type, { schema: part }] = only;
  if (contentType?.split(';')[0] !== type) return `the type ${contentType} is not documented`;
  const value: unknown = type.endsWith('json') ? JSON.parse(body) : body;
  const result = cachedValidator(api, part).safeParse(value);
  return result.success ? null : `not as documented: ${result.error.message} in ${body}`;
}

function requiredHeaders({ headers = {} }: DocumentedResponse): string[] {
  return Object.entries(headers).flatMap(([name, header]) => (header['required'] === true ? [name] : []));
}

// Clients take an answer with further fields, but this service answers no row with one that it does not document.
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map((one: unknown) => closed(one)) as T;
  if (typeof part !== 'object' || part === null) return part;
  const all = Object.entries(part).map(([name, inner]) => [name, closed(inner)] as const);
  const isOpen = 'properties' in part && !('additionalProperties' in part);
  return Object.fromEntries([...all, ...(isOpen ? [['additionalProperties', false] as const] : [])]) as T;
}

const validators = new WeakMap<object, z.ZodType>();

function cachedValidator(api: Document, part: object): z.ZodType {
  const known = validators.get(part) ?? validatorOf({ ...api, components: closed(api.components) }, part);
  validators.set(part, known);
  return known;
}

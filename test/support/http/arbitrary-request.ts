import fc from 'fast-check';
import { KEY } from '../stack.ts';
import type { Document, Operation } from './document.ts';

type Schema = Readonly<Record<string, unknown>>;

/** A request of an operation of the document, valid or not. */
export interface ArbitraryRequest {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** One value in five is anything at all; the others are as the document wants them, mostly of things that are there. */
const WELL_FORMED_WEIGHT = 4;
/** Deep enough for every schema of the document, which has no recursion. */
const MAX_DEPTH = 6;

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    'null',
    '__proto__',
    "';--",
    '\u0000',
    '\ud800',
    'аdmin',
    '../..',
    '%',
    '1e999',
  ),
  fc.string({ maxLength: 300, minLength: 200 }),
);

/** Values of parameters and fields that mean something in the seed, by name. */
const meaningful: Readonly<Record<string, readonly unknown[]>> = {
  accountNumber: ['3141-5926-5359', '1234-5678-9012', '2718-2818-2845', '1618-0339-8874', '0000-0000-0000'],
  userId: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 999],
  userProfileId: [1, 2, 3, 4, 5, 6, 7, 8, 999],
  keyId: [1, 2, 3, 999],
  username: ['admin', 'johndoe', 'nobody', 'both'],
  email: ['a@example.com'],
  dryRun: ['true', 'false'],
  withDescendants: ['true', 'false'],
  createdBy: ['root', 'key:1', 'x'],
  path: ['/v1/users/3', '/v1/accounts/1234-5678-9012/users?limit=20', '/healthz'],
  force: ['true', 'false'],
  url: ['https://hr.1234-5678-9012.api.example.com/', 'x'],
};

const authorizations = fc.oneof(
  { weight: 12, arbitrary: fc.constant(`Bearer ${KEY}`) },
  fc.constantFrom(`Token ${KEY}`, 'Bearer x', 'Basic x', '', 'Bearer ea_local_1_x'),
);

const headerValues: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'If-Match': fc.oneof(
    { weight: 4, arbitrary: fc.constant('*') },
    fc.constantFrom('"x"', 'W/"a-1.1.x"', 'x', '"a-1.1.mjv1q000"'),
  ),
  'If-None-Match': fc.constantFrom('*', '"x"', 'x'),
  'Idempotency-Key': fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.uuid()),
  'Cache-Control': fc.constantFrom('no-cache', 'max-age=0', 'max-age=5', 'max-age=x', 'private'),
  'Consistency-Token': fc.constantFrom('pg:1', 'x', '0123456789abcdef:1'),
};

/** Requests of all operations of the document. */
export function arbitraryRequest(api: Document): fc.Arbitrary<ArbitraryRequest> {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => requestOf(api, method.toUpperCase(), path, operation)),
  );
  return fc.oneof(...operations);
}

function requestOf(api: Document, method: string, path: string, operation: Operation) {
  const { parameters = [] } = operation;
  const inPlace = (place: string) => parameters.filter((one) => one.in === place);
  return fc
    .record({
      path: fc.record(
        Object.fromEntries(inPlace('path').map(({ name, schema }) => [name, parameter(api, name, schema)])),
      ),
      query: fc.record(
        Object.fromEntries(inPlace('query').map(({ name, schema }) => [name, parameter(api, name, schema)])),
        { requiredKeys: inPlace('query').flatMap(({ name, required }) => (required ? [name] : [])) },
      ),
      headers: fc.record(
        Object.fromEntries(
          inPlace('header').map(({ name }) => [name, headerValues[name] ?? fc.constant('x')]),
        ),
        { requiredKeys: inPlace('header').flatMap(({ name, required }) => (required ? [name] : [])) },
      ),
      authorization: authorizations,
      body: operation.requestBody ? bodyOf(api, operation.requestBody.content) : fc.constant(null),
    })
    .map(({ path: inPath, query, headers, authorization, body }): ArbitraryRequest => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeSegment(inPath[name]));
      const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
      return {
        method,
        path,
        operation,
        url: pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled,
        headers: { ...headers, Authorization: authorization, ...(body && { 'Content-Type': body.type }) },
        body: body && body.text,
      };
    });
}

function bodyOf(api: Document, content: Readonly<Record<string, { schema: Schema }>>) {
  const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(content);
  const types = fc.oneof(
    { weight: 20, arbitrary: fc.constant(type) },
    fc.constantFrom('text/plain', 'application/json'),
  );
  const text = fc.oneof(
    { weight: 12, arbitrary: valueOf(api, schema, 'body', 0).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.json() },
    fc.constantFrom('', '{', '[]', 'null', '{"__proto__":{"isStaff":true}}', '['.repeat(200)),
  );
  return fc.record({ type: types, text });
}

function parameter(api: Document, name: string, schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: WELL_FORMED_WEIGHT, arbitrary: valueOf(api, schema, name, 0) }, oddText);
}

function valueOf(api: Document, schema: Schema, name: string, depth: number): fc.Arbitrary<unknown> {
  const known = meaningful[name];
  const wellFormed = wellFormedOf(api, resolve(api, schema), depth);
  const value = known
    ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, wellFormed)
    : wellFormed;
  if (depth === 0) return value;
  return fc.oneof({ weight: 24, arbitrary: value }, fc.oneof(oddText, fc.jsonValue({ maxDepth: 1 })));
}

function resolve(api: Document, schema: Schema): Schema {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  return resolve(api, api.components.schemas[$ref.replace('#/components/schemas/', '')] ?? {});
}

function wellFormedOf(api: Document, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth > MAX_DEPTH) return fc.constant(null);
  const { enum: choices, const: constant, anyOf, type } = schema;
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as unknown[]));
  if (constant !== undefined) return fc.constant(constant);
  if (Array.isArray(anyOf)) {
    return fc.oneof(...(anyOf as Schema[]).map((one) => wellFormedOf(api, resolve(api, one), depth)));
  }
  if (type === 'object') return objectOf(api, schema, depth);
  if (type === 'array') {
    return fc.array(valueOf(api, (schema['items'] ?? {}) as Schema, '', depth + 1), { maxLength: 4 });
  }
  return scalarOf(schema);
}

function objectOf(api: Document, { properties = {}, required = [] }: Schema, depth: number) {
  const fields = Object.entries(properties as Record<string, Schema>).map(
    ([name, schema]) => [name, valueOf(api, schema, name, depth + 1)] as const,
  );
  const unknownField = fc.oneof(
    { weight: 30, arbitrary: fc.constant({}) },
    fc.constant({ isDefaultAccount: true, id: 1 }),
  );
  return fc
    .tuple(fc.record(Object.fromEntries(fields), { requiredKeys: required as string[] }), unknownField)
    .map(([object, more]) => ({ ...object, ...more }));
}

function scalarOf({ type, format, minimum, maximum, maxLength }: Schema): fc.Arbitrary<unknown> {
  switch (type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: Number(minimum ?? -5), max: Math.min(Number(maximum ?? 20), 2 ** 31 - 1) });
    default:
      return textOf(format, Number(maxLength ?? 30));
  }
}

function textOf(format: unknown, maxLength: number): fc.Arbitrary<string> {
  if (format === 'email') return fc.uuid().map((id) => `${id}@example.com`);
  if (format === 'uri') return fc.webUrl();
  if (format === 'date-time') {
    return fc
      .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  return fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: Math.min(maxLength, 30) });
}

// Empty ones and dots make another path, of another operation.
function encodeSegment(value: unknown): string {
  return /^\.{0,2}$/.test(String(value)) ? 'dots' : encode(value);
}

// A lone surrogate cannot be in a URL at all.
function encode(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed());
}

import * as z from 'zod';

declare module 'zod' {
  interface GlobalMeta {
    /** Describes a parameter, besides its schema. Routes share the one with an id. */
    param?: { readonly id?: string; readonly description?: string };
    /** Changes the description of the schema, where Zod cannot know it. */
    override?: (context: { readonly jsonSchema: JsonSchema }) => void;
  }
}

export type JsonSchema = z.core.JSONSchema.BaseSchema;

type Kind = 'headers' | 'parameters' | 'responses' | 'schemas';

/** The parts of the document that operations share. */
export interface Components {
  /** The shared parts, by kind and name. */
  readonly shared: Readonly<Record<Kind, Readonly<Record<string, object>>>>;
  /** Describes what a schema takes, or what it gives. Schemas with an id are components. */
  describe(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** Makes a component of the part, and answers the reference to it; the part itself if another part has the name. */
  share(kind: Kind, name: string, part: object): object;
}

/** Components without any part yet. */
export function makeComponents(): Components {
  const shared: Record<Kind, Record<string, object>> = {
    schemas: {},
    headers: {},
    responses: {},
    parameters: {},
  };
  const described = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };

  function share(kind: Kind, name: string, part: object): object {
    const known = (shared[kind][name] ??= part);
    return isSame(known, part) ? { $ref: `#/components/${kind}/${name}` } : part;
  }

  function describe(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const known = described[io].get(schema);
    if (known) return known;
    const { parts, description } = toJsonSchema(schema, io);
    for (const [name, part] of Object.entries(parts)) {
      if (share('schemas', name, part) === part) throw new Error(`two schemas are named ${name}`);
    }
    described[io].set(schema, description);
    return description;
  }

  return { shared, describe, share };
}

function isSame(one: object, other: object): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const converted = schema.toJSONSchema({ io, unrepresentable: 'any', override: adapt });
  if (io === 'output') open(converted);
  const text = JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema: _, $defs: parts = {}, ...description } = JSON.parse(text) as Converted;
  return { parts, description };
}

// An answer gets further fields with a later version, and callers ignore those that they do not know. Zod calls every answer closed.
function open(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  if ('additionalProperties' in part && part.additionalProperties === false) delete part.additionalProperties;
  for (const inner of Object.values(part)) open(inner);
}

interface Converted extends JsonSchema {
  readonly $defs?: Record<string, JsonSchema>;
}

function adapt({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  if (jsonSchema.$ref) return;
  joinNull(jsonSchema);
  shorten(jsonSchema);
  // Each choice by a field is one between objects.
  if (jsonSchema.oneOf) jsonSchema.type = 'object';
  z.globalRegistry.get(zodSchema)?.override?.({ jsonSchema });
  delete jsonSchema['override'];
  delete jsonSchema['param'];
}

// A format says the same as the long pattern that Zod adds to it. Every JSON number has the bounds of a safe integer.
function shorten(jsonSchema: JsonSchema): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.minLength === 0) delete jsonSchema.minLength;
  // The pattern counts the characters too.
  if (jsonSchema.pattern?.endsWith(`,${jsonSchema.maxLength}}$`)) delete jsonSchema.maxLength;
  // An object is open anyway.
  if (isEmpty(jsonSchema.additionalProperties)) delete jsonSchema.additionalProperties;
}

// A type and null are shorter as two types than as a choice between two schemas.
function joinNull(jsonSchema: JsonSchema): void {
  const [schema, none, ...more] = jsonSchema.anyOf ?? [];
  const isPlain = typeof schema?.type === 'string' && !('const' in schema);
  if (!schema || !isPlain || more.length > 0 || JSON.stringify(none) !== '{"type":"null"}') return;
  delete jsonSchema.anyOf;
  Object.assign(jsonSchema, { ...schema, ...jsonSchema, type: [schema.type, 'null'] });
  if (schema.enum) jsonSchema.enum = [...schema.enum, null];
}

function isEmpty(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0;
}

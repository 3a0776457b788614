import { expect, test } from 'vitest';
import * as z from 'zod';
import { makeComponents } from '../../../src/http/openapi/components.ts';

test('a schema with an id is a component, and described once', () => {
  const components = makeComponents();
  const pet = z.object({ name: z.string() }).meta({ id: 'Pet' });
  const owner = z.object({ pets: z.array(pet) });
  expect(components.describe(pet, 'output')).toEqual({ $ref: '#/components/schemas/Pet' });
  expect(components.describe(owner, 'output')).toMatchObject({
    properties: { pets: { items: { $ref: '#/components/schemas/Pet' } } },
  });
  expect(Object.keys(components.shared.schemas)).toEqual(['Pet']);
});

test('an answer may have further fields, at any depth, and a body may not', () => {
  const { describe } = makeComponents();
  const pet = z.strictObject({ tags: z.array(z.object({ name: z.string() })) });
  expect(JSON.stringify(describe(pet, 'output'))).not.toContain('additionalProperties');
  expect(describe(pet, 'input')).toMatchObject({ additionalProperties: false });
  const names = z.record(z.string(), z.string());
  expect(describe(names, 'output')).toMatchObject({ additionalProperties: { type: 'string' } });
});

test('two schemas of one name are refused', () => {
  const components = makeComponents();
  components.describe(z.object({ name: z.string() }).meta({ id: 'Pet' }), 'output');
  const other = z.object({ age: z.int() }).meta({ id: 'Pet' });
  expect(() => components.describe(other, 'output')).toThrow('two schemas are named Pet');
});

test('a schema that takes other things than it gives needs two names', () => {
  const components = makeComponents();
  const pet = z.object({ name: z.string().default('Rex') }).meta({ id: 'Pet' });
  components.describe(pet, 'input');
  expect(() => components.describe(pet, 'output')).toThrow('two schemas are named Pet');
});

test('the first of two different parts keeps the name', () => {
  const { share, shared } = makeComponents();
  const [first, second] = [{ description: 'One.' }, { description: 'Another.' }];
  expect(share('headers', 'Pet', first)).toEqual({ $ref: '#/components/headers/Pet' });
  expect(share('headers', 'Pet', second)).toBe(second);
  expect(share('headers', 'Pet', { ...first })).toEqual({ $ref: '#/components/headers/Pet' });
  expect(shared.headers).toEqual({ Pet: first });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatApiKey,
  formatSecret,
  parseApiKey,
  SECRET_BYTES,
} from '../../../src/directory/keys/api-key.ts';
import { scaled, seed } from '../../support/scale.ts';

const secretOf = (byte: number) => formatSecret(new Uint8Array(SECRET_BYTES).fill(byte));
const parts = { environment: 'production', id: 12, secret: secretOf(7) };

const anyParts = fc.record({
  environment: fc.stringMatching(/^[a-z0-9]{1,20}$/),
  id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  secret: fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES }).map(formatSecret),
});
const options = { numRuns: scaled(1_000, 20_000), seed };

test('a key is what another implementation makes of its parts', () => {
  expect(formatApiKey(parts)).toBe('ea_production_12_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF134W6zW');
});

test('every secret has 43 letters and digits, and other bytes are another secret', () => {
  expect(secretOf(0)).toBe('0'.repeat(43));
  expect(secretOf(255)).toMatch(/^[0-9A-Za-z]{43}$/);
  const bytes = fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(formatSecret(a)).toMatch(/^[0-9A-Za-z]{43}$/);
      expect(formatSecret(a) === formatSecret(b)).toBe(a.join() === b.join());
    }),
    options,
  );
});

test('what is formatted is parsed', () => {
  fc.assert(
    fc.property(anyParts, (any) => {
      expect(parseApiKey(formatApiKey(any))).toEqual(any);
    }),
    options,
  );
});

test('a key with any one character changed, left out, doubled or exchanged with the next is refused', () => {
  const character = fc.constantFrom(...'0123456789ABCXYZabcxyz_-. \u00e9');
  fc.assert(
    fc.property(anyParts, fc.nat(), character, (any, place, other) => {
      const key = formatApiKey(any);
      const at = place % key.length;
      const [before, own = '', after] = [key.slice(0, at), key[at], key.slice(at + 1)];
      const [next = '', ...rest] = after;
      const wrong = [before + other + after, before + after, before + own + own + after];
      wrong.push(before + next + own + rest.join(''));
      for (const text of wrong) if (text !== key) expect(parseApiKey(text)).toBeNull();
    }),
    options,
  );
});

describe('is no key:', () => {
  const key = formatApiKey(parts);
  test.each([
    '',
    'ea_local_root',
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    key.toUpperCase(),
    key.replace('ea_', ''),
    formatApiKey({ ...parts, environment: '' }),
    formatApiKey({ ...parts, environment: 'a_b' }),
    formatApiKey({ ...parts, environment: 'x'.repeat(21) }),
    formatApiKey({ ...parts, id: 0 }),
    formatApiKey({ ...parts, id: -1 }),
    formatApiKey({ ...parts, id: 2 ** 53 }),
    formatApiKey({ ...parts, secret: parts.secret.slice(1) }),
    formatApiKey({ ...parts, secret: `${parts.secret}0` }),
    'x'.repeat(100_000),
  ])('%s', (text) => {
    expect(parseApiKey(text)).toBeNull();
  });
});

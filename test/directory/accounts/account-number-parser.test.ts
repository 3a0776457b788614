import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACCOUNT_NUMBER, accountNumberFromUrl } from '../../../src/directory/accounts/account-number.ts';
import { scaled, seed } from '../../support/scale.ts';

const NUMBER = '3141-5926-5359';

/** The rule as API.md words it, over the whole of what the WHATWG parser makes of the URL. */
function byTheParser(url: string, suffixes: readonly string[]): string | null {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') return null;
  const host = parsed.hostname.replace(/\.$/, '');
  const [label, another] = host.split('.').filter((one) => ACCOUNT_NUMBER.test(one));
  if (label === undefined || another !== undefined) return null;
  const isLeftOf = (suffix: string) => `.${host}`.endsWith(`.${label}.${suffix}`);
  return suffixes.length === 0 || suffixes.some(isLeftOf) ? label : null;
}

// What the parser strips, folds, decodes, maps, forbids or takes for something else.
const PIECES = [
  ['http', 'https', 'HTTP', 'hTTps', 'ftp', 'ws', 'blob:', ':', '/', '//', '\\', '@', '?', '#'],
  ['.', '..', '-', '--', 'xn--', 'xn--a', '_', 'a_b', 'ß', 'é', '。', '\u00ad', '\u200d', '\ud800'],
  [NUMBER, '1234-5678-9012', 'hr', 'api', 'example', 'com', 'localhost', 'A', 'B.C', 'x'.repeat(70)],
  ['%33', '%2e', '%2F', '%', '%zz', '３', '３１４１-5926-5359', '\t', '\n', '\r', ' ', '\0', '\x1f'],
  ['[', ']', '[::1]', '0x', '0x1f', '1', '09', '255', '4294967296'],
  [':80', ':0', ':9999', ':65535', ':65536', ':99999', ':80x'],
  ['|', '^', '<', '*', "'", '~', ';', '&', '=', '+', '$', '!', ',', '(', ')', '`', '{', '"', '\x7f'],
].flat();
const piece = fc.constantFrom(...PIECES);
const pieces = (maxLength: number) => fc.array(piece, { maxLength }).map((all) => all.join(''));
const url = fc.oneof(
  pieces(14),
  pieces(8).map((text) => `https://${text}`),
  fc.array(piece, { maxLength: 6 }).map((labels) => `http://${labels.join('.')}`),
  fc.tuple(pieces(3), pieces(3)).map(([before, after]) => `https://${before}${NUMBER}${after}`),
  fc.tuple(pieces(2), pieces(2)).map(([a, b]) => `https://hr${a}.${NUMBER}.api.example.com${b}/`),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `https://${text}${NUMBER}.${text}`),
);
const suffixes = fc.constantFrom([], ['example.com'], ['api.example.com', 'api.localhost'], ['com']);

test('the answer is that of the parser, whatever the URL', () => {
  let found = 0;
  fc.assert(
    fc.property(url, suffixes, (text, allowed) => {
      const expected = byTheParser(text, allowed);
      if (expected !== null) found += 1;
      expect(accountNumberFromUrl(text, allowed)).toBe(expected);
    }),
    { numRuns: scaled(20_000, 300_000), seed },
  );
  expect(found).toBeGreaterThan(100);
});

test.each([
  ['host', `https://${'a'.repeat(5_000)}.${NUMBER}.example.com/`],
  ['user info', `https://${'a'.repeat(5_000)}@${NUMBER}.example.com/`],
  ['run of spaces before it', `${' '.repeat(5_000)}https://${NUMBER}.example.com/`],
])('a URL with a %s longer than 4,096 characters is of no account', (_what, text) => {
  expect(accountNumberFromUrl(text)).toBeNull();
});

test('a path, query and fragment may be of any length', () => {
  const long = 'a'.repeat(1_000_000);
  expect(accountNumberFromUrl(`https://${NUMBER}.example.com/${long}?${long}#${long}`)).toBe(NUMBER);
  expect(accountNumberFromUrl(`https://a@HR.${NUMBER}.example.com/${long}`)).toBe(NUMBER);
});

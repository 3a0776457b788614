import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCOUNT_NUMBER, accountNumberFromUrl } from '../../../src/directory/accounts/account-number.ts';
import urls from '../../data/urls.json';

const RUNS = { numRuns: 2_000 };
const NUMBER = '3141-5926-5359';

test.each(urls.cases)('$url carries $accountNumber', ({ url, accountNumber }) => {
  expect(accountNumberFromUrl(url)).toBe(accountNumber);
});

test.each([
  ['the path', `https://example.com/${NUMBER}/`],
  ['the query', `https://example.com/?a=${NUMBER}`],
  ['the query, with dots', `https://example.com/?a=x.${NUMBER}.api.example.com`],
  ['the fragment', `https://example.com/#${NUMBER}`],
  ['the user info', `https://${NUMBER}:${NUMBER}@example.com/`],
  ['user info that looks like a host', `https://x.${NUMBER}.api.example.com@example.com/`],
  ['12 of 16 digits', 'https://x.3141-5926-5359-0000.api.example.com/'],
  ['the last 12 of 16 digits', 'https://x.0000-3141-5926-5359.api.example.com/'],
  ['a longer label', `https://x${NUMBER}.api.example.com/`],
  ['a label without dashes', 'https://314159265359.api.example.com/'],
  ['one of two numbers', `https://${NUMBER}.1234-5678-9012.api.example.com/`],
  ['the same number twice', `https://${NUMBER}.${NUMBER}.api.example.com/`],
  ['another scheme', `ftp://x.${NUMBER}.api.example.com/`],
  ['a web socket', `wss://x.${NUMBER}.api.example.com/`],
  ['an opaque host', `foo://x.${NUMBER}.api.example.com/`],
  ['a bare host', `x.${NUMBER}.api.example.com`],
  ['a blob', `blob:https://x.${NUMBER}.api.example.com/1`],
  ['a port out of range', `https://x.${NUMBER}.api.example.com:65536/`],
  ['the empty string', ''],
])('an account number is not taken from %s', (_place, url) => {
  expect(accountNumberFromUrl(url)).toBeNull();
});

test.each([
  ['an upper-case scheme and host', `HTTPS://HR.${NUMBER}.API.EXAMPLE.COM/`],
  ['a port', `http://hr.${NUMBER}.api.localhost:8787/`],
  ['a trailing dot', `https://hr.${NUMBER}.api.example.com./`],
  ['user info and other parts', `https://a:b@hr.${NUMBER}.api.example.com/1234-5678-9012?1234-5678-9012#x`],
  ['percent-encoding in the host', `https://hr.%33141-5926-5359.api.example.com/`],
  ['nothing but the number', `https://${NUMBER}`],
  ['white space around it and backslashes', `  https:\\\\hr.${NUMBER}.api.example.com\\path  `],
])('a host is read past %s', (_what, url) => {
  expect(accountNumberFromUrl(url)).toBe(NUMBER);
});

describe('whatever the input', () => {
  const anyString = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: 'binary' }).map((text) => `https://${text}.${NUMBER}.${text}/`),
    fc.string({ unit: 'grapheme' }).map((text) => `http://${NUMBER}${text}`),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
  );

  test('the answer to a string is a label of its host in the format, or null', () => {
    fc.assert(
      fc.property(anyString, (text) => {
        const found = accountNumberFromUrl(text);
        if (found === null) return;
        expect(found).toMatch(ACCOUNT_NUMBER);
        expect(new URL(text).hostname.split('.')).toContain(found);
      }),
      RUNS,
    );
  });

  test('the answer to what is no string is null', () => {
    const noString = fc.anything({ withBoxedValues: true, withDate: true, withNullPrototype: true });
    fc.assert(
      fc.property(noString, (value) => {
        if (typeof value !== 'string') expect(accountNumberFromUrl(value)).toBeNull();
      }),
      RUNS,
    );
    expect(accountNumberFromUrl(new URL(`https://${NUMBER}.api.example.com`))).toBeNull();
  });
});

describe('whatever the URL is made of', () => {
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
  const groups = (count: number) =>
    fc.array(digits(4), { minLength: count, maxLength: count }).map((all) => all.join('-'));
  const number = groups(3);
  const decoy = fc.oneof(
    fc.stringMatching(/^[a-z]([a-z0-9_]{0,10}[a-z0-9])?$/),
    groups(4),
    groups(2),
    number.map((text) => `x${text}`),
    number.map((text) => `${text}z`),
  );
  const hostile = fc.oneof(
    number,
    groups(4),
    decoy,
    number.map((text) => `x.${text}.api.example.com`),
  );
  const urlParts = fc.record({
    scheme: fc.constantFrom('http', 'https', 'HTTP', 'hTTps', 'ftp', 'ws', 'wss', 'foo'),
    userInfo: fc.oneof(
      fc.constant(''),
      hostile.map((text) => `${text}@`),
      hostile.map((text) => `${text}:${text}@`),
    ),
    labels: fc.array(fc.oneof(decoy, number), { minLength: 1, maxLength: 5 }),
    dot: fc.constantFrom('', '.'),
    port: fc.constantFrom('', ':80', ':8787', ':65535'),
    path: fc.oneof(
      fc.constant(''),
      hostile.map((text) => `/${text}/`),
    ),
    query: fc.oneof(
      fc.constant(''),
      hostile.map((text) => `?url=https://${text}/`),
    ),
    fragment: fc.oneof(
      fc.constant(''),
      hostile.map((text) => `#${text}`),
    ),
    spell: fc.constantFrom(
      (host: string) => host,
      (host: string) => host.toUpperCase(),
      (host: string) => host.replaceAll(/[a-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
    ),
  });
  const isNumber = (label: string) => /^\d{4}-\d{4}-\d{4}$/.test(label);

  test('the answer is the one account number among the labels of an http or https host', () => {
    fc.assert(
      fc.property(urlParts, ({ scheme, userInfo, labels, dot, port, path, query, fragment, spell }) => {
        const host = spell(labels.join('.')) + dot;
        const url = `${scheme}://${userInfo}${host}${port}${path}${query}${fragment}`;
        const numbers = labels.filter(isNumber);
        const isWeb = /^https?$/i.test(scheme);
        expect(accountNumberFromUrl(url)).toBe(isWeb && numbers.length === 1 ? numbers[0] : null);
      }),
      RUNS,
    );
  });

  test('IPv4 and IPv6 hosts carry none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4Extended(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        hostile,
        (host, text) => {
          expect(accountNumberFromUrl(`https://${text}@${host}:80/${text}?${text}#${text}`)).toBeNull();
        },
      ),
      RUNS,
    );
  });
});

describe('with host suffixes', () => {
  const suffixes = ['api.example.com', 'alpha.api.example.com', 'api.localhost'];

  test.each([
    `https://hr.${NUMBER}.api.example.com/`,
    `https://${NUMBER}.api.example.com/`,
    `https://hr.${NUMBER}.alpha.api.example.com/`,
    `https://HR.${NUMBER}.API.Example.COM./`,
    `http://hr.${NUMBER}.api.localhost:8787/`,
  ])('%s carries the number directly left of one', (url) => {
    expect(accountNumberFromUrl(url, suffixes)).toBe(NUMBER);
  });

  test.each([
    `https://hr.${NUMBER}.evilapi.example.com/`,
    `https://hr.${NUMBER}.evil.api.example.com/`,
    `https://${NUMBER}.hr.api.example.com/`,
    `https://${NUMBER}.api.example.com.evil.com/`,
    `https://hr.${NUMBER}.apiXexample.com/`,
    `https://hr.${NUMBER}.example.com/`,
    `https://hr.${NUMBER}.beta.api.example.com/`,
    `https://${NUMBER}/api.example.com`,
    `https://${NUMBER}.1234-5678-9012.api.example.com/`,
  ])('%s carries none', (url) => {
    expect(accountNumberFromUrl(url, suffixes)).toBeNull();
  });
});

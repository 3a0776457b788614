import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountNumberFromUrl } from '../../../src/directory/accounts/account-number.ts';
import { explainAccountNumber } from '../../../src/directory/accounts/explain-account-number.ts';
import { seed } from '../../support/scale.ts';

const A = '1234-5678-9012';
const B = '3141-5926-5359';
const suffixes = ['api.example.com'];

test.each<[unknown, string, string[]]>([
  [undefined, 'no_http_url', []],
  ['', 'no_http_url', []],
  [`ftp://${A}.api.example.com/`, 'no_http_url', []],
  [`http://${'u'.repeat(5_000)}@${A}.api.example.com/`, 'no_http_url', []],
  ['http://127.0.0.1/', 'ip_address', ['127', '0', '0', '1']],
  ['http://0x7f000001/', 'ip_address', ['127', '0', '0', '1']],
  ['http://[::1]/', 'ip_address', ['[::1]']],
  [`http://example.com/${A}`, 'no_account_label', ['example', 'com']],
  [`http://${A}.${B}.api.example.com/`, 'two_account_labels', [A, B, 'api', 'example', 'com']],
  [`http://${A}.example.com/`, 'outside_suffixes', [A, 'example', 'com']],
  [`http://${A}.hr.api.example.com/`, 'outside_suffixes', [A, 'hr', 'api', 'example', 'com']],
])('%s: %s', (url, reason, labels) => {
  expect(explainAccountNumber(url, suffixes)).toEqual({ accountNumber: null, reason, labels });
});

test('the label that was taken is told, with the others', () => {
  const url = `https://HR.${A}.API.example.com.:8443/${B}?${B}#${B}`;
  const labels = ['hr', A, 'api', 'example', 'com'];
  expect(explainAccountNumber(url, suffixes)).toEqual({ accountNumber: A, reason: 'found', labels });
});

test('the answer is that of the look-up, whatever the text, and no reason but `found` goes with a number', () => {
  const part = fc.constantFrom(
    'http://',
    'https:',
    '/',
    '@',
    ':',
    '.',
    '[',
    '%',
    '?',
    A,
    B,
    'x',
    'api.example.com',
    '1',
    '\t',
    'é',
  );
  const url = fc.array(part, { maxLength: 10 }).map((parts) => parts.join(''));
  const given = fc.constantFrom<readonly string[]>([], suffixes);
  fc.assert(
    fc.property(url, given, (text, allowed) => {
      const { accountNumber, reason } = explainAccountNumber(text, allowed);
      expect(accountNumber).toBe(accountNumberFromUrl(text, allowed));
      expect(reason === 'found').toBe(accountNumber !== null);
    }),
    { seed, numRuns: 2_000 },
  );
});

import { readFile } from 'node:fs/promises';
import { ACCOUNT_NUMBER, accountNumberFromUrl } from '../../src/directory/accounts/account-number.ts';
import type { Side } from '../measure.ts';

const URLS = new URL('../../test/data/urls.json', import.meta.url);
const NUMBER = '3141-5926-5359';

/** One probe, as an attacker would send, for every three URLs from real use. */
const HOSTILE = [
  `https://hr.${NUMBER}.api.example.com:80x/`,
  `https://hr.${NUMBER}.api.example.com@evil.example/`,
  `HTTPS://HR.${NUMBER}.API.EXAMPLE.COM/`,
  `https://hr.%33141-5926-5359.api.example.com/`,
  `https://${NUMBER}.1234-5678-9012.api.example.com/`,
  `javascript://${NUMBER}.api.example.com/`,
  `${NUMBER}.api.example.com`,
  `https://[::1]/${NUMBER}`,
  `https://hr.３141-5926-5359.api.example.com/`,
  `https://a b.${NUMBER}.api.example.com/`,
  `https://x.3141-5926-5359-0000.api.example.com/`,
  `https:\\\\hr.${NUMBER}.api.example.com\\path`,
];
const MET_TO_HOSTILE = 3;

function byRegex(url: string): string | null {
  try {
    return new URL(url).hostname.split('.').find((label) => ACCOUNT_NUMBER.test(label)) ?? null;
  } catch {
    return null;
  }
}

/** The rule on URLs from the platform's source, mixed with hostile ones, against `new URL()` and a regex. */
export async function makeSides(): Promise<readonly Side[]> {
  const { cases } = JSON.parse(await readFile(URLS, 'utf8')) as { cases: { url: string }[] };
  const met = cases.map(({ url }) => url);
  const mixed = met.flatMap((url, at) =>
    at % MET_TO_HOSTILE === 0 ? [url, HOSTILE[(at / MET_TO_HOSTILE) % HOSTILE.length] ?? ''] : [url],
  );
  const sidesOf = (name: string, urls: readonly string[]): Side[] => [
    { name: `ours, ${name}`, op: (turn) => accountNumberFromUrl(urls[turn % urls.length]) },
    { name: `new URL() and a regex, ${name}`, op: (turn) => byRegex(urls[turn % urls.length] ?? '') },
  ];
  return [...sidesOf('mixed', mixed), ...sidesOf('met', met)];
}

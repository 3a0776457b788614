import { describe, expect, test } from 'vitest';
import urls from '../data/urls.json';
import { countRequests, send, type TestStack, useStack } from '../stack.ts';

const stack = useStack();
const NUMBER = '3141-5926-5359';

async function ask(on: TestStack, url: string): Promise<unknown> {
  const response = await send(on, `/v1/account-number?url=${encodeURIComponent(url)}`);
  return response.json();
}

test.each(urls.cases)('$url carries $accountNumber', async ({ url, accountNumber }) => {
  expect(await ask(stack.current, url)).toEqual({ accountNumber });
});

test('neither Redis nor Postgres is asked', async () => {
  const counts = await countRequests(stack.current, async () => {
    for (const { url } of urls.cases) await ask(stack.current, url);
  });
  expect(counts).toEqual({ redis: 0, postgres: 0 });
});

test('what is no URL carries none', async () => {
  for (const text of ['', ' ', 'no URL', '\u0000', '\ud83d\ude00', 'http://', 'x'.repeat(8_000)]) {
    expect(await ask(stack.current, text)).toEqual({ accountNumber: null });
  }
});

describe('with ACCOUNT_HOST_SUFFIXES', () => {
  const on = (suffixes: string): TestStack => ({
    ...stack.current,
    env: { ...stack.current.env, ACCOUNT_HOST_SUFFIXES: suffixes },
  });

  test.each([
    'api.example.com',
    ' API.Example.com. , api.localhost',
    '.api.example.com',
    'a.b,api.example.com',
  ])('written as %j the number directly left of one counts', async (suffixes) => {
    const answer = await ask(on(suffixes), `https://hr.${NUMBER}.api.example.com/`);
    expect(answer).toEqual({ accountNumber: NUMBER });
  });

  test.each(['example.com', 'i.example.com', 'alpha.api.example.com', 'hr.api.example.com'])(
    'of %j another host carries none',
    async (suffixes) => {
      const answer = await ask(on(suffixes), `https://hr.${NUMBER}.api.example.com/`);
      expect(answer).toEqual({ accountNumber: null });
    },
  );

  test('of which one ends with another, either may stand right of the number', async () => {
    const nested = on('api.example.com,alpha.api.example.com');
    for (const host of ['api.example.com', 'alpha.api.example.com']) {
      expect(await ask(nested, `https://${NUMBER}.${host}/`)).toEqual({ accountNumber: NUMBER });
    }
    expect(await ask(nested, `https://${NUMBER}.evilapi.example.com/`)).toEqual({ accountNumber: null });
  });

  test('the context of the request obeys them too', async () => {
    const headers = { Authorization: 'Bearer ea_local_root' };
    const url = `http://hr.${NUMBER}.api.localhost:8787/v1/context`;
    const inside = await send(on('api.localhost'), url, { headers });
    const outside = await send(on('api.example.com'), url, { headers });
    expect(await inside.json()).toMatchObject({ accountNumber: NUMBER, account: { companyName: 'Smarter' } });
    expect(await outside.json()).toEqual({ accountNumber: null, account: null });
  });
});

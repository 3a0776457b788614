import { describe, expect, test } from 'vitest';
import urls from '../../data/urls.json';
import { explainAccountNumber } from '../../../src/directory/accounts/explain-account-number.ts';
import { countRequests, send, type TestStack, useStack } from '../../support/stack.ts';

const stack = useStack();
const NUMBER = '3141-5926-5359';

async function ask(on: TestStack, url: string, more = ''): Promise<unknown> {
  const response = await send(on, `/v1/account-number?url=${encodeURIComponent(url)}${more}`);
  return response.json();
}

const explain = (on: TestStack, url: string): Promise<unknown> => ask(on, url, '&explain=true');

test.each(urls.cases)('$url carries $accountNumber', async ({ url, accountNumber }) => {
  expect(await ask(stack.current, url)).toEqual({ accountNumber });
});

test('neither Redis nor Postgres is asked', async () => {
  const counts = await countRequests(stack.current, async () => {
    for (const { url } of urls.cases) await ask(stack.current, url);
  });
  expect(counts).toEqual({ redis: 0, postgres: 0 });
});

describe('with explain=true', () => {
  test.each(urls.cases)(
    'the reason of $url is answered beside its number',
    async ({ url, accountNumber }) => {
      const explained = await explain(stack.current, url);
      expect(explained).toEqual(explainAccountNumber(url));
      expect(explained).toMatchObject({ accountNumber });
    },
  );

  test('neither Redis nor Postgres is asked', async () => {
    const counts = await countRequests(stack.current, () => explain(stack.current, `http://${NUMBER}.x/`));
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });

  test('the suffixes of the deployment count', async () => {
    const env = { ...stack.current.env, ACCOUNT_HOST_SUFFIXES: 'api.example.com' };
    expect(await explain({ ...stack.current, env }, `http://${NUMBER}.example.com/`)).toEqual({
      accountNumber: null,
      reason: 'outside_suffixes',
      labels: [NUMBER, 'example', 'com'],
    });
  });

  test('the entity tag is of the reason and of the labels too', async () => {
    const tagOf = async (more: string, url = 'x') => {
      const response = await send(stack.current, `/v1/account-number?url=${url}${more}`);
      return response.headers.get('ETag');
    };
    const tags = [
      await tagOf(''),
      await tagOf('&explain=true'),
      await tagOf('&explain=true', 'http://127.0.0.1'),
      await tagOf('&explain=true', 'http://127.0.0.2'),
    ];
    expect(new Set(tags).size).toBe(4);
    const headers = { 'If-None-Match': tags[1] ?? '' };
    const again = await send(stack.current, '/v1/account-number?url=x&explain=true', { headers });
    expect(again.status).toBe(304);
  });

  test('with explain=false the number is answered alone, and nothing else is taken', async () => {
    expect(await ask(stack.current, 'x', '&explain=false')).toEqual({ accountNumber: null });
    expect(await ask(stack.current, 'x', '&explain=yes')).toMatchObject({
      errors: [{ in: 'query', name: 'explain', detail: 'must be true or false' }],
    });
  });
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

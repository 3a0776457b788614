import { expect, test } from 'vitest';
import { makeDb } from '../../../src/db/client/client.ts';
import { stubFetch } from '../../support/clients.ts';

const answer = { command: 'SELECT', rowCount: 0, fields: [{ name: 'id', dataTypeID: 23 }], rows: [] };

/** The requests that a statement to the database costs. */
async function requestsTo(databaseUrl: string) {
  const requests: { url: string; init: RequestInit }[] = [];
  stubFetch(async (url: string, init: RequestInit) => {
    requests.push({ url, init });
    return Response.json(answer);
  });
  await makeDb(databaseUrl, 10_000).execute('select id');
  return requests;
}

test.each([
  ['postgres://u:p@ep-cool-name-123.eu-central-1.aws.neon.tech/main', 'eu-central-1.aws.neon.tech'],
  [
    'postgresql://u:p%40x@ep-cool-name-123-pooler.us-east-2.aws.neon.tech:5432/main?sslmode=require',
    'us-east-2.aws.neon.tech',
  ],
  ['postgres://u:p@ep-x.c-2.eu-west-2.aws.neon.build/main', 'c-2.eu-west-2.aws.neon.build'],
])('%s is asked where Neon asks it', async (databaseUrl, region) => {
  const [request] = await requestsTo(databaseUrl);
  expect(request?.url).toBe(`https://api.${region}/sql`);
});

test.each([
  ['postgres://u:p@127.0.0.1:5433/x', 'http://127.0.0.1:5433/sql'],
  ['postgres://u:p@localhost/x', 'http://localhost/sql'],
  ['postgres://u:p@[::1]:1/x', 'http://[::1]:1/sql'],
])('%s stands behind a bridge', async (databaseUrl, expected) => {
  const [request] = await requestsTo(databaseUrl);
  expect(new URL(request?.url ?? '').href).toBe(expected);
});

test('a statement is one request, which follows no redirect and has a deadline of its own', async () => {
  const first = await requestsTo('postgres://u:p@localhost/x');
  const second = await requestsTo('postgres://u:p@localhost/x');
  const all = [...first, ...second];
  expect(all.map(({ init: { method, redirect } }) => [method, redirect])).toEqual([
    ['POST', 'manual'],
    ['POST', 'manual'],
  ]);
  const signals = all.map(({ init: { signal } }) => signal);
  expect(signals.every((signal) => signal instanceof AbortSignal)).toBe(true);
  expect(new Set(signals).size).toBe(2);
});

test('two statements of one client have a signal each', async () => {
  const signals: unknown[] = [];
  stubFetch(async (_url: string, { signal }: RequestInit) => {
    signals.push(signal);
    return Response.json(answer);
  });
  const db = makeDb('postgres://u:p@localhost/x', 10_000);
  await db.execute('select id');
  await db.execute('select id');
  expect(new Set(signals).size).toBe(2);
});

test('no header says more than the protocol asks for', async () => {
  const [request] = await requestsTo('postgres://u:p@localhost/x');
  expect(Object.keys(request?.init.headers ?? {}).toSorted()).toEqual([
    'Neon-Array-Mode',
    'Neon-Connection-String',
    'Neon-Raw-Text-Output',
  ]);
});

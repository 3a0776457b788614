import { afterAll, beforeAll, expect, test } from 'vitest';
import { askAs, startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

let two: TwoWorkers;

beforeAll(async () => {
  two = await startTwoWorkers();
});

afterAll(() => two.close());

const visit = (host: string) => askAs(host, two.workers.consumerUrl.origin);

test('an active account is greeted by its company name', async () => {
  expect(await visit('hr.1234-5678-9012.api.localhost')).toMatchObject({
    status: 200,
    text: 'Welcome to Stackademy.\n',
  });
});

test('an account without members is an account', async () => {
  expect(await visit('hr.2718-2818-2845.api.localhost')).toMatchObject({
    status: 200,
    text: 'Welcome to Empty Ltd.\n',
  });
});

test('an inactive account is forbidden', async () => {
  expect(await visit('hr.1618-0339-8874.api.localhost')).toMatchObject({
    status: 403,
    text: 'Dormant Inc is not active.\n',
  });
});

test('an unknown account is not found', async () => {
  expect((await visit('hr.9999-9999-9999.api.localhost')).status).toBe(404);
});

test('a host without an account number is not found', async () => {
  expect((await visit('www.example.com')).status).toBe(404);
});

test('the account Worker answers for its own host beside it', async () => {
  const health = await askAs('hr.3141-5926-5359.api.localhost', two.workers.url.origin, '/healthz');
  expect(health).toMatchObject({ status: 200, text: '{"status":"ok"}' });
});

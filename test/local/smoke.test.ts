import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

let two: TwoWorkers;
let origin: string;

beforeAll(async () => {
  two = await startTwoWorkers(undefined, { ACCOUNT_HOST_SUFFIXES: 'api.localhost' });
  origin = `http://api.localhost:${two.workers.url.port}`;
});
afterAll(() => two.close());

async function smoke(args: readonly string[], key = LOCAL_KEY) {
  const child = spawn(process.execPath, ['local/smoke.ts', ...args], { env: { ...process.env, KEY: key } });
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { lines: output.trim().split('\n'), complaint, code: await code };
}

test('a good deployment passes every check, with the host of an account', async () => {
  const { lines, complaint, code } = await smoke([origin, '--account', '1234-5678-9012']);
  expect(lines).toEqual([
    expect.stringMatching(/^ok {6}the Worker answers: version \d/),
    expect.stringMatching(/^ok {6}both stores answer: Redis in \d+ ms, Postgres in \d+ ms$/),
    'ok      a host of this deployment has an account number: 3141-5926-5359',
    'ok      no key is refused: unauthorized',
    'ok      the key is good, and a read reaches the tables: status 200',
    expect.stringMatching(/^ok {6}an answer is kept: .*hit/),
    'ok      the host of an account is served: active',
  ]);
  expect([complaint, code]).toEqual(['', 0]);
});

test('a wrong key and an unknown account fail their checks alone', async () => {
  const { lines, code } = await smoke([origin, '--account', '0000-0000-0000'], 'ea_local_wrong');
  expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([
    'FAILED  the key is good, and a read reaches the tables: it answers 401 unauthorized',
    'FAILED  an answer is kept: none of 3 reads was a hit',
    'FAILED  the host of an account is served: it answers 401 unauthorized',
  ]);
  expect(code).toBe(1);
});

test('an address outside of the hosts of accounts is good, unless an account is named', async () => {
  const outside = `http://accounts.localhost:${two.workers.url.port}`;
  const { lines, code } = await smoke([outside]);
  expect(lines[2]).toBe(
    'skipped a host of this deployment has an account number: ' +
      `ACCOUNT_HOST_SUFFIXES names other hosts than ${new URL(outside).host}; ask one of them too`,
  );
  expect(code).toBe(0);
  const named = await smoke([outside, '--account', '1234-5678-9012']);
  expect(named.lines[2]).toBe(
    'FAILED  a host of this deployment has an account number: outside_suffixes; look at ACCOUNT_HOST_SUFFIXES',
  );
  expect(named.code).toBe(1);
});

test('a store that is away, and a host that nobody serves, are named', async () => {
  await fetch(`${two.stack.upstashUrl}/faults`, { method: 'POST', body: '{"faults":[{"kind":"refuse"}]}' });
  const { lines } = await smoke([origin]);
  await fetch(`${two.stack.upstashUrl}/faults`, { method: 'DELETE' });
  expect(lines[1]).toBe('FAILED  both stores answer: redis: failed');
  const nobody = await smoke(['http://127.0.0.1:9']);
  expect(nobody.lines[0]).toBe('FAILED  the Worker answers: connect ECONNREFUSED 127.0.0.1:9');
  expect(nobody.code).toBe(1);
});

test('an address without a scheme gives the usage', async () => {
  expect(await smoke(['api.example.com'])).toMatchObject({
    code: 1,
    complaint: expect.stringMatching(/^usage: KEY=/),
  });
});

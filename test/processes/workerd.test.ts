import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { type Processes, startProcesses } from './processes.ts';
import { spawnWorkerd } from './workerd.ts';

let processes: Processes;

beforeAll(async () => {
  processes = await startProcesses(2, { MEMORY_TTL_MS: '60000' });
});

afterAll(() => processes.close());

const headers = { Authorization: `Bearer ${LOCAL_KEY}` };

function readUser(at: number, id: number): Promise<Response> {
  return fetch(`${processes.all[at]?.url}/v1/users/${id}`, { headers });
}

test('two processes share Redis and Postgres, but no memory', async () => {
  const before = processes.postgres.counts().requests;
  const first = await readUser(0, 3);
  expect(await first.json()).toMatchObject({ username: 'johndoe' });
  expect(first.headers.get('Cache-Status')).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  expect((await readUser(0, 3)).headers.get('Cache-Status')).toMatch(/^isolate; hit/);
  await expect
    .poll(async () => (await readUser(1, 3)).headers.get('Cache-Status'))
    .toMatch(/redis; hit|isolate; hit/);
  expect(processes.postgres.counts().requests - before).toBeLessThanOrEqual(2);
});

test('what is remembered of earlier requests answers later ones, one by one and together', async () => {
  const first = await (await readUser(0, 4)).text();
  for (let n = 0; n < 3; n++) expect(await (await readUser(0, 4)).text()).toBe(first);
  const together = await Promise.all(Array.from({ length: 20 }, () => readUser(0, 4)));
  expect(await Promise.all(together.map((response) => response.text()))).toEqual(together.map(() => first));
  for (const { headers: answered } of together) expect(answered.get('Cache-Status')).toMatch(/^isolate; hit/);
});

test('a caller Worker reaches the RPC class of its process', async () => {
  const body = JSON.stringify({ method: 'getCachedUserForUserId', args: [4], times: 1 });
  const response = await fetch(processes.all[1]?.callerUrl ?? '', { method: 'POST', body });
  expect(await response.json()).toMatchObject([{ value: { username: 'janedoe' } }]);
});

test('a drain invalidates what somebody else changed', async () => {
  expect(await (await readUser(0, 5)).json()).toMatchObject({ firstName: '' });
  await processes.sql(`update users set first_name = 'Nora' where id = 5`);
  await processes.all[0]?.drain();
  expect(await (await readUser(0, 5)).json()).toMatchObject({ firstName: 'Nora' });
  expect(processes.all[0]?.output.join('\n')).toContain('outbox_drained');
});

test('a bridge that is closed refuses, and answers again when it is opened', async () => {
  await processes.redis.close();
  expect((await readUser(0, 7)).headers.get('Cache-Status')).toContain('detail=unavailable');
  await processes.redis.open();
  await expect.poll(async () => (await readUser(0, 6)).headers.get('Cache-Status')).not.toContain('detail');
});

test('a process that is killed is gone', async () => {
  const extra = await processes.start();
  expect((await fetch(`${extra.url}/healthz`)).status).toBe(200);
  await extra.kill();
  expect(await extra.ended).toBe('SIGKILL');
  expect(() => process.kill(extra.pid, 0)).toThrow('ESRCH');
  await expect(fetch(`${extra.url}/healthz`)).rejects.toThrow('fetch failed');
});

test('a Worker that cannot start is an error that says why', async () => {
  const main = fileURLToPath(new URL('./scheduler-worker.ts', import.meta.url));
  const worker = { name: 'early', main, compatibilityDate: '2999-01-01' };
  await expect(spawnWorkerd([worker])).rejects.toThrow(/compatibility date/i);
});

test('a process with an inspector says where it listens, and serves as one without', async () => {
  const main = fileURLToPath(new URL('./scheduler-worker.ts', import.meta.url));
  const worker = { name: 'inspected', main, compatibilityDate: '2026-11-01' };
  const inspected = await spawnWorkerd([worker], { isInspected: true, isSilent: true });
  try {
    expect([...inspected.urls.keys()]).toEqual(['inspected']);
    const doors = await (await fetch(`${inspected.inspectorUrl}/json`)).json();
    expect(doors).toMatchObject([{ id: 'inspected' }]);
  } finally {
    await inspected.kill();
  }
});

test('the guardian ends what a run that was killed has left running, and nothing else', async () => {
  const [left, ended] = [startIdle(), startIdle()];
  const guardian = spawn(process.execPath, [fileURLToPath(new URL('./guardian.ts', import.meta.url))]);
  // The test waits for both exits first: either may be reported before the other.
  const exits = Promise.all([once(left, 'exit'), once(guardian, 'exit')]);
  guardian.stdin.end(`+${left.pid}\n+${ended.pid}\n-${ended.pid}\n`);
  expect((await exits)[0]).toEqual([null, 'SIGKILL']);
  expect(ended.exitCode ?? ended.signalCode).toBeNull();
  ended.kill();
});

function startIdle() {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)']);
}

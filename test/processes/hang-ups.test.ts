import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_KEY, workerEnv } from '../../local/stack.ts';
import type { AccountProcess } from './account-process.ts';
import { type Gate, startGate } from './gate.ts';
import { ask } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

const WAITERS = 50;

let processes: Processes;
let postgres: Gate;
let accounts: AccountProcess;

beforeAll(async () => {
  processes = await startProcesses(0);
  postgres = await startGate(processes.postgres.url);
  accounts = await processes.start(workerEnv(postgres.url, processes.redis.url, processes.postgresUrl));
});

afterAll(async () => {
  postgres.close();
  await processes.close();
});

test.each([
  ['waits too', 3],
  ['hangs up', 4],
])(
  'when the caller whose load all others wait on %s, they have the answer of that one load',
  async (how, id) => {
    const before = processes.postgres.counts().requests;
    const load = postgres.hold('answer', /from \\"users\\"/);
    const path = `/v1/users/${id}`;
    const hangUp = new AbortController();
    const headers = { Authorization: `Bearer ${LOCAL_KEY}` };
    const first = fetch(`${accounts.url}${path}`, { headers, signal: hangUp.signal }).catch(
      (error: unknown) => error,
    );
    await load.come;
    const waiters = Array.from({ length: WAITERS }, () => ask(accounts, path));
    await ask(accounts, '/healthz');
    if (how === 'hangs up') hangUp.abort();
    await load.release();

    const answers = await Promise.all(waiters);
    expect(new Set(answers.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 200, body: { id } });
    expect((await ask(accounts, path)).cacheStatus).toMatch(/^isolate; hit/);
    expect(await first).toMatchObject(how === 'hangs up' ? { name: 'AbortError' } : { status: 200 });
    expect(processes.postgres.counts().requests - before).toBe(1);
  },
);

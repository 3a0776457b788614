import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env as vars } from 'cloudflare:workers';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { app } from '../../src/http/app.ts';
import { drainOutbox } from '../../src/jobs/drain-outbox.ts';
import { seed } from './scale.ts';
import { UNHURRIED } from './unhurried.ts';
import './provided.ts';

/** The requests that reached the bridges since the last reset. */
export interface Counts {
  readonly redis: number;
  readonly postgres: number;
}

/** A Postgres, a Redis and an isolate of this test file's own. */
export interface TestStack {
  /** Where tests ask for SQL, Redis and faults of the stack. */
  readonly url: string;
  /** Bindings of one isolate: another object with the same content is another isolate. */
  readonly env: Env;
}

export const KEY = 'ea_local_root';

/** A store, as far as the Worker sees it: its bridge. */
export type Store = 'postgres' | 'redis';

/** However slow the machine, nothing leaves memory unless a test asks for it. */
const LONG_MEMORY: Partial<Env> = { MEMORY_TTL_MS: '60000' };
/** Requests are counted: reads set off no drain unless a test asks for it. */
const CRON_ALONE: Partial<Env> = { DRAIN_EVERY_MS: '0' };

/** What the run answers for a new stack. */
interface NewStack {
  readonly hostUrl: string;
  readonly id: string;
  readonly env: Partial<Env>;
}

interface StackEngines {
  /** A real Redis that no other test file uses, where the machine has the program. */
  readonly ownRedis?: boolean;
}

/** Starts a stack before the tests of a file, and closes it after them. */
export function useStack(
  overrides: Partial<Env> = {},
  engines: StackEngines = {},
): { readonly current: TestStack } {
  const holder: { current: TestStack } = { current: { url: '', env: vars } };
  let stackId = '';
  beforeAll(async () => {
    const { hostUrl, id, env } = await ask<NewStack>(`${inject('runUrl')}/new`, engines);
    stackId = id;
    const url = `${hostUrl}/${id}`;
    holder.current = {
      url,
      env: { ...vars, ...UNHURRIED, ...LONG_MEMORY, ...CRON_ALONE, ...env, ...overrides },
    };
  });
  afterAll(() => ask(`${inject('runUrl')}/close`, stackId));
  return holder;
}

/** Before each test of the file the stack holds the seed alone: for tests that change what others of the file read. */
export function useSeedForEach(stack: { readonly current: TestStack }): void {
  beforeEach(() => ask(`${stack.current.url}/seed-anew`));
}

/** Bindings of a fresh isolate on the same stack: nothing in memory. */
export function newIsolate(stack: TestStack, overrides: Partial<Env> = {}): TestStack {
  return { ...stack, env: { ...stack.env, ...overrides } };
}

/** Asks the app as a caller would, with the key; resolves when what it left for afterwards is done too. */
export function get(stack: TestStack, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return send(stack, path, { method, headers: { Authorization: `Bearer ${KEY}`, ...headers } });
}

/** The same with whatever request, and no key unless it brings one. */
export async function send(stack: TestStack, path: string, init: RequestInit = {}): Promise<Response> {
  const ctx = createExecutionContext();
  const url = path.startsWith('http') ? path : `http://127.0.0.1:8787${path}`;
  const response = await app.fetch(new Request(url, init), stack.env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

/** Fires the scheduled handler. */
export async function drainNow(stack: TestStack): Promise<void> {
  const ctx = createExecutionContext();
  await drainOutbox(stack.env, ctx, 'run');
  await waitOnExecutionContext(ctx);
}

/** Makes it longer ago that rows of the outbox were invalidated: by ten seconds they are due again. */
export function ageOutbox(stack: TestStack, seconds = 10): Promise<unknown> {
  const ago = `interval '${seconds} seconds'`;
  return sql(stack, `update cache_invalidations set invalidated_at = invalidated_at - ${ago}`);
}

/** Runs SQL as somebody at a prompt would, past the Worker and its bridge. */
export function sql<T = Record<string, unknown>>(stack: TestStack, text: string, ...params: unknown[]) {
  return ask<T[]>(`${stack.url}/sql`, { text, params });
}

/** Leaves a transaction open that has run the SQL; answers what commits it. Not for the embedded engine. */
export async function beginTransaction(stack: TestStack, text: string): Promise<() => Promise<unknown>> {
  const id = await ask<string>(`${stack.url}/begin`, { text });
  return () => ask(`${stack.url}/commit`, { text: id });
}

/** Runs a Redis command past the Worker and its bridge. */
export function redis(stack: TestStack, ...args: string[]): Promise<unknown> {
  return ask(`${stack.url}/redis`, { args });
}

/** Makes a Redis of the stack's own refuse whatever takes more memory, or lets it take more again. */
export function setRedisFull(stack: TestStack, isFull: boolean): Promise<unknown> {
  return ask(`${stack.url}/set-redis-full`, { isFull });
}

export function emptyRedis(stack: TestStack): Promise<unknown> {
  return ask(`${stack.url}/empty-redis`);
}

/** The product's keys in Redis of one kind, e.g. `entry:`; all of them without one. */
export async function redisKeys(stack: TestStack, kind = ''): Promise<string[]> {
  const keys = (await redis(stack, 'KEYS', '*')) as string[];
  return keys.filter((key) => key.startsWith(`ea:{${stack.env.DATABASE_ID}}:${kind}`));
}

/** Makes every entry in Redis older than its fresh life. */
export async function ageEntries(stack: TestStack): Promise<void> {
  for (const key of await redisKeys(stack, 'entry:')) {
    const born = BigInt(String(await redis(stack, 'HGET', key, 'born'))) - 400_000_000n;
    await redis(stack, 'HSET', key, 'born', `${born}`);
  }
}

/** Makes a store refuse connections until the action is over. */
export async function whileAway<T>(
  stack: TestStack,
  stores: readonly Store[],
  act: () => Promise<T>,
): Promise<T> {
  for (const store of stores) await ask(`${stack.url}/stop-${store}`);
  try {
    return await act();
  } finally {
    for (const store of stores) await ask(`${stack.url}/start-${store}`);
  }
}

/** Makes the bridge of a store do wrong, as local/faults.ts has it, in place of what it did wrong until now. */
export function fault(stack: TestStack, store: Store, faults: readonly object[]): Promise<unknown> {
  return ask(`${stack.url}/fault`, { store, faults: { faults, seed } });
}

/** The requests that an action causes, by tier. */
export async function countRequests(stack: TestStack, act: () => Promise<unknown>): Promise<Counts> {
  const before = await readCounts(stack);
  await act();
  const after = await readCounts(stack);
  return { redis: after.redis - before.redis, postgres: after.postgres - before.postgres };
}

function readCounts({ url }: TestStack): Promise<Counts> {
  return ask(`${url}/counts`);
}

async function ask<T = unknown>(url: string, body: object | string = {}): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// Simulates the fleets of the cost table and writes it into docs/deployment.md. The prices are list prices, by the month.
import { readFile, writeFile } from 'node:fs/promises';
import { makeConfig } from './config.ts';
import { runFleet } from './fleet.ts';
import { perMillionReads } from './prices.ts';

const page = new URL('../../docs/deployment.md', import.meta.url);
const [BEGIN, END] = ['<!-- cost: npm run docs:cost -->', '<!-- /cost -->'];

const RATES = [1, 100, 10_000];
/** As in the table by rate of docs/fleet.md: enough reads for shares that chance moves by half a point. */
const FLEET = { seed: 1, isolates: 300, readsPerWrite: 1_000 };
const COUNTED_READS = 100_000;
/** As long as an entry may live in memory. */
const WARM_UP_MS = 300_000;

const S_PER_MONTH = 30 * 86_400;
const HOURS_PER_MONTH = S_PER_MONTH / 3_600;
const MILLION = 1e6;
const GB = 1e9;

/** Workers Paid: what it includes, and what more costs. */
const WORKERS_USD = 5;
const [REQUESTS_INCLUDED, USD_PER_MILLION_REQUESTS] = [10e6, 0.3];
const [CPU_MS_INCLUDED, USD_PER_MILLION_CPU_MS] = [30e6, 0.02];
/** Assumed: most requests take less, and a cold read more. */
const CPU_MS_PER_REQUEST = 1;

/** Cloudflare Observability, from December 1, 2026 on. Lines are kept for seven days. */
const [LOG_GB_INCLUDED, USD_PER_LOG_GB] = [50, 0.25];
const [LOG_GB_MONTHS_INCLUDED, USD_PER_LOG_GB_MONTH] = [12, 0.1];
const LOG_DAYS = 7;
/** Assumed, for a request over HTTP or RPC: our line of some 230 bytes, Cloudflare's own of the invocation, and the attributes that it adds to both. */
const LOG_BYTES_PER_REQUEST = 1_500;

/** Upstash, pay as you go, and the fixed plans, by the GB of traffic that they include. */
const USD_PER_REDIS_COMMAND = 0.2 / 100_000;
const [REDIS_GB_INCLUDED, USD_PER_REDIS_GB] = [200, 0.03];
const FIXED_PLANS = [
  [50, 10],
  [100, 20],
  [500, 100],
  [1_000, 200],
  [5_000, 400],
  [10_000, 800],
  [20_000, 1_500],
] as const;
/** Assumed: a script's names and arguments, and an answer of 450 bytes with its tags. */
const BYTES_PER_COMMAND = 1_000;

/** Neon, Launch. The drain asks once a minute, so the compute never sleeps. */
const USD_PER_CU_HOUR = 0.106;
const LEAST_CU = 0.25;
/** Assumed as in docs/fleet.md: a query keeps one CU busy for 1 ms; autoscaling leaves half of it idle. */
const CU_PER_QUERY_S = 0.001 * 2;

/** The bill for what exceeds the allowance, in dollars. */
const beyond = (used: number, included: number, usd: number): number => Math.max(0, used - included) * usd;

async function costOf(readsPerS: number) {
  const countedMs = (COUNTED_READS / readsPerS) * 1_000;
  const measures = await runFleet(makeConfig({ ...FLEET, readsPerS, countedMs, warmUpMs: WARM_UP_MS }));
  const { redisCommands, postgresQueries } = perMillionReads(measures);
  const reads = readsPerS * S_PER_MONTH;
  const commands = (redisCommands / MILLION) * reads;
  const redisGb = (commands * BYTES_PER_COMMAND) / GB;
  const logGb = (reads * LOG_BYTES_PER_REQUEST) / GB;
  const cu = Math.max(LEAST_CU, (postgresQueries / MILLION) * readsPerS * CU_PER_QUERY_S);
  const worker =
    WORKERS_USD +
    beyond(reads / MILLION, REQUESTS_INCLUDED / MILLION, USD_PER_MILLION_REQUESTS) +
    beyond((reads * CPU_MS_PER_REQUEST) / MILLION, CPU_MS_INCLUDED / MILLION, USD_PER_MILLION_CPU_MS);
  const logs =
    beyond(logGb, LOG_GB_INCLUDED, USD_PER_LOG_GB) +
    beyond((logGb * LOG_DAYS) / 30, LOG_GB_MONTHS_INCLUDED, USD_PER_LOG_GB_MONTH);
  const metered = commands * USD_PER_REDIS_COMMAND + beyond(redisGb, REDIS_GB_INCLUDED, USD_PER_REDIS_GB);
  const fixed = FIXED_PLANS.find(([gb]) => redisGb <= gb)?.[1] ?? Infinity;
  const postgres = cu * HOURS_PER_MONTH * USD_PER_CU_HOUR;
  return {
    memoryPercent: (measures.byTier.memory / measures.reads) * 100,
    commandsPerS: commands / S_PER_MONTH,
    queriesPerS: (postgresQueries / MILLION) * readsPerS,
    worker,
    logs,
    metered,
    fixed,
    postgres,
    all: worker + logs + Math.min(metered, fixed) + postgres,
  };
}

const dollars = (usd: number): string => `$${Math.ceil(usd).toLocaleString('en-US')}`;
const count = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en-US');

const costs = await Promise.all(RATES.map(costOf));
const row = (name: string, cell: (cost: (typeof costs)[number]) => string): string =>
  `| ${name} | ${costs.map(cell).join(' | ')} |`;
const table = [
  `| requests/s | ${RATES.map((rate) => rate.toLocaleString('en-US')).join(' | ')} |`,
  `| --- | ${RATES.map(() => '--:').join(' | ')} |`,
  row('answered by memory', ({ memoryPercent }) => `${count(memoryPercent)} %`),
  row('commands of Redis/s', ({ commandsPerS }) => count(commandsPerS)),
  row('queries of Postgres/s', ({ queriesPerS }) => count(queriesPerS)),
  row('Workers', ({ worker }) => dollars(worker)),
  row('their logs, with `LOG_REQUESTS`', ({ logs }) => dollars(logs)),
  row('Upstash, pay as you go', ({ metered }) => dollars(metered)),
  row('Upstash, the smallest fixed plan', ({ fixed }) => dollars(fixed)),
  row('Neon', ({ postgres }) => dollars(postgres)),
  row('all, with the cheaper of the two', ({ all }) => dollars(all)),
].join('\n');

const before = await readFile(page, 'utf8');
const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)];
if (from < 0 || to < from) throw new Error('docs/deployment.md has no place for the costs');
await writeFile(page, `${before.slice(0, from + BEGIN.length)}\n\n${table}\n\n${before.slice(to)}`);

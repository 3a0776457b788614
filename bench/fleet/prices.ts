import type { Measures } from './measures.ts';

/** List prices in US dollars; docs/fleet.md has the sources. */
const PER_REDIS_COMMAND = 0.2 / 100_000;
const PER_REDIS_GB = 0.03;
const PER_CU_HOUR = 0.106;
const S_PER_HOUR = 3_600;
/** Assumed: a look-up by a unique index, with its share of connection and JSON, keeps one CU busy for about 1 ms. */
const CU_S_PER_QUERY = 0.001;
const MILLION = 1_000_000;
const GB = 1e9;

/** The cost of a million reads in the stores, in requests and in dollars. */
export interface PerMillion {
  readonly redisCommands: number;
  readonly postgresQueries: number;
  /** The commands alone. */
  readonly redisUsd: number;
  readonly redisTrafficUsd: number;
  readonly postgresUsd: number;
}

export function perMillionReads({ bytes, commands, loads, reads }: Measures): PerMillion {
  const all = Object.values(commands).reduce((sum, count) => sum + count, 0);
  const redisCommands = (all / reads) * MILLION;
  const postgresQueries = (loads / reads) * MILLION;
  return {
    redisCommands,
    postgresQueries,
    redisUsd: redisCommands * PER_REDIS_COMMAND,
    redisTrafficUsd: ((bytes.sent + bytes.received) / reads) * (MILLION / GB) * PER_REDIS_GB,
    postgresUsd: (postgresQueries * CU_S_PER_QUERY * PER_CU_HOUR) / S_PER_HOUR,
  };
}

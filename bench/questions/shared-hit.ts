import type { Question, Result } from '../question.ts';
import { peerWorker } from '../workerd/beside.ts';
import { countRequests, type Requests } from '../workerd/bridge-counts.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { chooseRedis } from '../workerd/local-redis.ts';
import { type Product, startProduct } from '../workerd/product.ts';
import { type RawRequest, rawRequest } from '../workerd/raw-client.ts';
import { FIRST_RESIDENT, settleResidents } from '../workerd/residents.ts';
import { describeRate, describeSpeed } from '../workerd/rounds-table.ts';
import { CONNECTIONS, raceServed, type ServedSide } from '../workerd/served-race.ts';

const [OURS, RAW, DRIZZLE] = ['edge-accounts', 'a raw GET', 'drizzle upstashCache'];
const COUNTED_READS = 50;

/**
 * A user in Redis and not in memory, over HTTP, against routes that ask Redis once and know no tags, times or leases.
 * Each connection asks for a user of its own: reads of one user share a request, and a raw GET does not.
 */
export const question: Question = {
  name: 'shared-hit',
  async ask() {
    const redis = await chooseRedis();
    const product = await startProduct({
      isSilent: true,
      vars: { MEMORY_TTL_MS: '0' },
      beside: (env) => [peerWorker(env)],
    });
    try {
      return [...(await compare(product, redis)), await count(product)];
    } finally {
      await product.close();
    }
  },
};

async function compare(product: Product, redis: string): Promise<Result[]> {
  await settleResidents(product.postgresUrl, CONNECTIONS);
  const peer = product.urlOf('peer');
  await fillPeers(product, peer);
  const sides: ServedSide[] = [
    { name: RAW, requests: [rawRequest(`${peer}/raw`)] },
    { name: OURS, requests: ofResidents((id) => rawRequest(`${product.url}/v1/users/${id}`, AS_ROOT)) },
    { name: DRIZZLE, requests: ofResidents((id) => rawRequest(`${peer}/drizzle/${id}`)) },
  ];
  const rounds = await raceServed(sides);
  const common = {
    question: `shared hit over HTTP, ${redis}`,
    measure: `requests/s, ${CONNECTIONS} connections`,
    ours: describeRate(rounds, OURS),
    met: null,
  };
  return [
    {
      ...common,
      peers: `${RAW} ${describeRate(rounds, RAW)}`,
      ratio: describeSpeed(rounds, OURS, RAW),
      target: '≥ 0.9x',
    },
    {
      ...common,
      peers: `${DRIZZLE} ${describeRate(rounds, DRIZZLE)}`,
      ratio: describeSpeed(rounds, OURS, DRIZZLE),
      target: 'ahead',
    },
  ];
}

async function fillPeers(product: Product, peer: string): Promise<void> {
  const user = await fetch(`${product.url}/v1/users/${FIRST_RESIDENT}`, { headers: AS_ROOT });
  await fetch(`${peer}/raw`, { method: 'PUT', body: await user.text() });
  for (let at = 0; at < CONNECTIONS; at += 1) {
    // The fill fails when Redis has no HEXPIRE, which came with 7.4. The row is stored by then, and every later read is
    // a hit.
    await (await fetch(`${peer}/drizzle/${FIRST_RESIDENT + at}`)).arrayBuffer();
  }
}

function ofResidents(make: (id: number) => RawRequest): ServedSide['requests'] {
  const others = Array.from({ length: CONNECTIONS - 1 }, (_, at) => make(FIRST_RESIDENT + at + 1));
  return [make(FIRST_RESIDENT), ...others];
}

async function count(product: Product): Promise<Result> {
  const ours = await mostRequests(product, `${product.url}/v1/users/${FIRST_RESIDENT}`);
  const raw = await mostRequests(product, `${product.urlOf('peer')}/raw`);
  const drizzle = await mostRequests(product, `${product.urlOf('peer')}/drizzle/${FIRST_RESIDENT}`);
  return {
    question: 'shared hit over HTTP',
    measure: `most requests to Redis + Postgres of any of ${COUNTED_READS} reads`,
    ours: describe(ours),
    peers: `${RAW} ${describe(raw)}, ${DRIZZLE} ${describe(drizzle)}`,
    ratio: '',
    target: '1 + 0',
    met: ours.redis <= 1 && ours.postgres === 0,
  };
}

async function mostRequests(product: Product, url: string): Promise<Requests> {
  const reads: Requests[] = [];
  for (let read = 0; read < COUNTED_READS; read += 1) {
    const ask = async () => void (await (await fetch(url, { headers: AS_ROOT })).arrayBuffer());
    reads.push(await countRequests(product, ask));
  }
  const most = (store: keyof Requests): number => Math.max(...reads.map((requests) => requests[store]));
  return { redis: most('redis'), postgres: most('postgres') };
}

function describe({ redis, postgres }: Requests): string {
  return `${redis} + ${postgres}`;
}

import type { Question, Result } from '../question.ts';
import { peerWorker } from '../workerd/beside.ts';
import { AS_ROOT, issueReader } from '../workerd/callers.ts';
import { PEER_USER_ID } from '../workers/peer-user.ts';
import { type Product, startProduct } from '../workerd/product.ts';
import { rawRequest } from '../workerd/raw-client.ts';
import { requireSameUser } from '../workerd/same-user.ts';
import { describeRate, describeSpeed, describeWaitRatios, describeWaits } from '../workerd/rounds-table.ts';
import { raceServed, raceWaits, type ServedSide } from '../workerd/served-race.ts';

const LOGGING = 'edge-accounts-logging';
const BARE = 'bare Hono route';
/** The share of the bare route's speed that is left when it sends the product's headers. */
const WITH_HEADERS = 'with the same headers';
/**
 * The rate is well below what the slowest side serves on one core, so that the waits are those of answering and not of
 * a queue.
 */
const RATE_PER_S = 1_000;

/**
 * A user in isolate memory, over HTTP. The whole product (key check, validation, memory, headers) runs against a Hono
 * route that answers the same bytes and does nothing else, in the same workerd, by turns.
 */
export const question: Question = {
  name: 'http-memory',
  async ask() {
    const product = await startProduct({
      isSilent: true,
      twins: { [LOGGING]: { LOG_REQUESTS: 'true' } },
      beside: (env) => [peerWorker(env)],
    });
    try {
      return await compare(await makeSides(product));
    } finally {
      await product.close();
    }
  },
};

async function makeSides(product: Product): Promise<ServedSide[]> {
  const path = `/v1/users/${PEER_USER_ID}`;
  const reader = await issueReader(product.url);
  await requireSameHeaders(`${product.url}${path}`, `${product.urlOf('peer')}/user-with-headers`);
  return [
    { name: BARE, requests: [rawRequest(`${product.urlOf('peer')}/user`)] },
    { name: WITH_HEADERS, requests: [rawRequest(`${product.urlOf('peer')}/user-with-headers`)] },
    { name: 'root key', requests: [rawRequest(`${product.url}${path}`, AS_ROOT)] },
    { name: 'issued key', requests: [rawRequest(`${product.url}${path}`, reader)] },
    { name: 'issued key, logged', requests: [rawRequest(`${product.urlOf(LOGGING)}${path}`, reader)] },
  ];
}

async function requireSameHeaders(ours: string, peer: string): Promise<void> {
  const [mine, theirs] = await Promise.all([ours, peer].map((url) => namesFrom(url)));
  if (mine !== theirs) throw new Error(`the headers are ${mine}, and ${theirs} of the peer`);
}

async function namesFrom(url: string): Promise<string> {
  const response = await fetch(url, { headers: AS_ROOT });
  await response.arrayBuffer();
  return [...response.headers.keys()].join();
}

async function compare(sides: readonly ServedSide[]): Promise<readonly Result[]> {
  await requireSameUser(sides);
  const rounds = await raceServed(sides);
  const waits = await raceWaits(sides, RATE_PER_S);
  return sides.slice(2).flatMap(({ name }): Result[] => {
    const common = { question: `memory hit over HTTP, ${name}`, target: '≥ 0.9x the bare one', met: null };
    return [
      {
        ...common,
        measure: 'requests/s, 8 connections',
        ours: describeRate(rounds, name),
        peers: `${BARE} ${describeRate(rounds, BARE)}, ${WITH_HEADERS} ${describeRate(rounds, WITH_HEADERS)}`,
        ratio: `${describeSpeed(rounds, name, BARE)}, ${describeSpeed(rounds, name, WITH_HEADERS)}`,
      },
      {
        ...common,
        measure: `p50 / p99 at ${RATE_PER_S.toLocaleString('en')} requests/s, µs`,
        ours: describeWaits(waits, name),
        peers: `${BARE} ${describeWaits(waits, BARE)}`,
        ratio: describeWaitRatios(waits, name, BARE),
      },
    ];
  });
}

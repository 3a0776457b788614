import type { Question } from '../question.ts';
import { peerWorker, rpcCaller } from '../workerd/beside.ts';
import { requireSameUser } from '../workerd/same-user.ts';
import { startProduct } from '../workerd/product.ts';
import { rawRequest } from '../workerd/raw-client.ts';
import { describeRate, describeSpeed } from '../workerd/rounds-table.ts';
import { raceServed, type ServedSide } from '../workerd/served-race.ts';

/** One request makes so many calls that its own cost is negligible. */
const MANY = 200;
const [OURS, CONSTANT] = ['accounts', 'constant'];

/**
 * A user in isolate memory, over a service binding: the look-up against a method that returns a constant. One Worker
 * calls both.
 */
export const question: Question = {
  name: 'rpc-memory',
  async ask() {
    const product = await startProduct({ isSilent: true, beside: (env) => [peerWorker(env), rpcCaller] });
    try {
      const url = product.urlOf(rpcCaller.name);
      return [
        await compare(makeSides(url, 1), 'calls/s, one per request', 1),
        await compare(makeSides(url, MANY), `calls/s, ${MANY} in one request`, MANY),
      ];
    } finally {
      await product.close();
    }
  },
};

function makeSides(url: string, times: number): ServedSide[] {
  return [CONSTANT, OURS].map((name) => ({ name, requests: [rawRequest(`${url}/${name}?times=${times}`)] }));
}

async function compare(sides: readonly ServedSide[], measure: string, times: number) {
  await requireSameUser(sides);
  const rounds = await raceServed(sides);
  return {
    question: 'memory hit over RPC',
    measure,
    ours: describeRate(rounds, OURS, times),
    peers: `a constant ${describeRate(rounds, CONSTANT, times)}`,
    ratio: describeSpeed(rounds, OURS, CONSTANT),
    target: '≥ 0.9x',
    met: null,
  };
}

import { countBytes } from '../allocation.ts';
import { medianNs, race, ratioOf } from '../measure.ts';
import type { Question, Result } from '../question.ts';
import { makeSides } from '../sides/memory-sync.ts';

const OURS = [
  ['ours', 'at a given time'],
  ['ours, with the clock', 'reading the clock'],
] as const;
const PEERS = ['lru-cache', 'layered-loader'];

export const question: Question = { name: 'memory-sync', ask };

async function ask(): Promise<readonly Result[]> {
  const rounds = await race(await makeSides());
  const bytes = await countBytes(new URL('../sides/memory-sync.ts', import.meta.url));
  const bytesOf = (name: string): string => `${bytes.get(name)}`;
  const nsOf = (name: string): string => medianNs(rounds, name).toFixed(1);
  const listPeers = (figureOf: (name: string) => string): string =>
    PEERS.map((name) => `${name} ${figureOf(name)}`).join(', ');
  return OURS.flatMap(([name, when]) => [
    {
      question: `memory hit, synchronous, ${when}`,
      measure: 'ns/op',
      ours: nsOf(name),
      peers: listPeers(nsOf),
      ratio: PEERS.map((peer) => `${ratioOf(rounds, name, peer).toFixed(2)}× ${peer}`).join(', '),
      target: '≤ 2× lru-cache, < 1× layered-loader',
      met: null,
    },
    {
      question: `memory hit, synchronous, ${when}`,
      measure: 'bytes/op, counted',
      ours: bytesOf(name),
      peers: listPeers(bytesOf),
      ratio: '',
      target: name === 'ours' ? '0' : "0, and the clock's 16",
      met: name === 'ours' ? bytes.get(name) === 0 : null,
    },
  ]);
}

import { countBytes } from '../allocation.ts';
import { medianNs, race, ratioOf } from '../measure.ts';
import type { Question, Result } from '../question.ts';
import { makeSides } from '../sides/memory-sync.ts';

const PEERS = ['lru-cache', 'layered-loader'];

export const question: Question = { name: 'memory-sync', ask };

async function ask(): Promise<readonly Result[]> {
  const rounds = await race(await makeSides());
  const bytes = await countBytes(new URL('../sides/memory-sync.ts', import.meta.url));
  const bytesOf = (name: string): string => `${bytes.get(name)}`;
  const nsOf = (name: string): string => medianNs(rounds, name).toFixed(1);
  const listPeers = (figureOf: (name: string) => string): string =>
    PEERS.map((name) => `${name} ${figureOf(name)}`).join(', ');
  return [
    {
      question: 'memory hit, synchronous',
      measure: 'ns/op',
      ours: nsOf('ours'),
      peers: listPeers(nsOf),
      ratio: PEERS.map((name) => `${ratioOf(rounds, 'ours', name).toFixed(2)}× ${name}`).join(', '),
      target: '≤ 2× lru-cache, < 1× layered-loader',
      met: null,
    },
    {
      question: 'memory hit, synchronous',
      measure: 'bytes/op, counted',
      ours: bytesOf('ours'),
      peers: listPeers(bytesOf),
      ratio: '',
      target: '0',
      met: bytes.get('ours') === 0,
    },
  ];
}

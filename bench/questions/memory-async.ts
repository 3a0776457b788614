import { countBytes } from '../allocation.ts';
import { medianNs, race, ratioOf } from '../measure.ts';
import type { Question, Result } from '../question.ts';
import { makeSides } from '../sides/memory-async.ts';
import { FLOOR } from '../sides/our-look-up.ts';

/** A hit in memory through the public look-up, against the least cost of an async call and against every peer. */
export const question: Question = { name: 'memory-async', ask };

async function ask(): Promise<readonly Result[]> {
  const sides = await makeSides();
  const rounds = await race(sides);
  const bytes = await countBytes(new URL('../sides/memory-async.ts', import.meta.url));
  const peers = sides.map(({ name }) => name).filter((name) => name !== 'ours');
  const listPeers = (figureOf: (name: string) => string): string =>
    peers.map((name) => `${name} ${figureOf(name)}`).join(', ');
  const common = { question: 'memory hit, by the public look-up', met: null };
  return [
    {
      ...common,
      measure: 'ns/op',
      ours: medianNs(rounds, 'ours').toFixed(0),
      peers: listPeers((name) => medianNs(rounds, name).toFixed(0)),
      ratio: `${ratioOf(rounds, 'ours', FLOOR).toFixed(2)}× the floor, ${ratioOf(rounds, 'ours', 'layered-loader').toFixed(2)}× layered-loader`,
      target: '≤ 1.3× the async function, < 1× each peer',
    },
    {
      ...common,
      measure: 'bytes/op',
      ours: `${bytes.get('ours')}`,
      peers: listPeers((name) => `${bytes.get(name)}`),
      ratio: '',
      target: 'none',
    },
  ];
}

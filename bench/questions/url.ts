import { countBytes } from '../allocation.ts';
import { medianNs, race, ratioOf } from '../measure.ts';
import type { Question, Result } from '../question.ts';
import { makeSides } from '../sides/url.ts';
import { LENGTHS, makeSides as makeLengths, SHAPE_NAMES } from '../sides/url-lengths.ts';

/** The rule reads at most 4,096 characters of a URL, and may copy them once. */
const MAX_AUTHORITY_BYTES = 4_200;
const NS_PER_US = 1_000;
const CHARS_PER_KB = 1_000;
const [SHORT, LONG] = LENGTHS;

/** The account number of a URL, with nothing cached. */
export const question: Question = {
  name: 'url',
  ask: async () => [...(await askSpeed()), ...(await askLengths())],
};

async function askSpeed(): Promise<Result[]> {
  const rounds = await race(await makeSides());
  return ['mixed', 'met'].map((urls) => {
    const [ours, peer] = [`ours, ${urls}`, `new URL() and a regex, ${urls}`];
    return {
      question: `account number of a URL, ${urls === 'mixed' ? 'met and hostile ones' : 'only such as were met'}`,
      measure: 'ns/op',
      ours: medianNs(rounds, ours).toFixed(0),
      peers: `new URL() and a regex ${medianNs(rounds, peer).toFixed(0)}`,
      ratio: `${ratioOf(rounds, peer, ours).toFixed(2)}x as fast`,
      target: '≥ 3x as fast',
      met: null,
    };
  });
}

async function askLengths(): Promise<Result[]> {
  const rounds = await race(await makeLengths());
  const bytes = await countBytes(new URL('../sides/url-lengths.ts', import.meta.url));
  const slowest = Math.max(...SHAPE_NAMES.map((shape) => medianNs(rounds, `${shape} ${LONG}`)));
  const growth = SHAPE_NAMES.map(
    (shape) => (bytes.get(`${shape} ${LONG}`) ?? Number.NaN) - (bytes.get(`${shape} ${SHORT}`) ?? Number.NaN),
  );
  return [
    {
      question: `a string of ${LONG} characters is rejected`,
      measure: `µs per kB, slowest of ${SHAPE_NAMES.join(', ')}`,
      ours: (slowest / NS_PER_US / (LONG / CHARS_PER_KB)).toFixed(4),
      peers: '',
      ratio: '',
      target: '< 1',
      met: null,
    },
    {
      question: `a string of ${LONG} characters is rejected`,
      measure: `bytes/op more than for one of ${SHORT}, counted`,
      ours: `${Math.max(...growth)}`,
      peers: '',
      ratio: '',
      target: `< ${MAX_AUTHORITY_BYTES}`,
      met: Math.max(...growth) < MAX_AUTHORITY_BYTES,
    },
  ];
}

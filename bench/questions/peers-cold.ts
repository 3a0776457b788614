import { makeEngine } from '../../test/coherence/engine.ts';
import { makeGate } from '../../test/coherence/timeline.ts';
import { drizzleSide } from '../cold/drizzle.ts';
import { makeOurs } from '../cold/ours.ts';
import { peers } from '../cold/peers.ts';
import { type Cluster, type Instance, settled, type Side, within, type World } from '../cold/world.ts';
import type { Question, Result } from '../question.ts';

const READS = 1_000;
const INSTANCES = 4;
/**
 * Loads of a Postgres near by, of one that is far away or under load, and of one that takes longer than any read waits
 * for another instance.
 */
const [USUAL_LOAD_MS, LONG_LOAD_MS, ENDLESS_LOAD_MS] = [10, 100, 500];
/** One read, three more while another instance loads, and a fill. */
const MOST_REQUESTS = 5 * INSTANCES;
/** All work after an answer is over by then, and no deadline has struck. */
const AFTERMATH_MS = 1_000;

/** The counts of a side, figure by figure. Less is better. */
type Figures = readonly number[];

interface Count {
  readonly question: string;
  readonly measure: string;
  readonly target: string;
  count(side: Side): Promise<Figures>;
  /** Tells whether our figures meet the target, given the best figure of any peer for each. */
  isMet(ours: Figures, best: Figures): boolean;
}

const isNoWorse = (ours: Figures, best: Figures): boolean =>
  ours.every((figure, at) => figure <= (best[at] ?? 0));

const counts: readonly Count[] = [
  {
    question: 'cold read, two tiers',
    measure: 'requests to the second tier before the answer + in all + loads',
    target: '≤ every peer',
    count: countCold,
    isMet: isNoWorse,
  },
  {
    question: 'hit in the second tier',
    measure: 'requests to it by a first read + by the next',
    target: '≤ every peer',
    count: countHit,
    isMet: isNoWorse,
  },
  {
    ...stampedeOf(USUAL_LOAD_MS),
    target: `≤ every peer, ≤ ${INSTANCES} loads`,
    isMet: (ours, best) => isNoWorse(ours, best) && (ours[0] ?? 0) <= INSTANCES,
  },
  longStampedeOf(LONG_LOAD_MS),
  longStampedeOf(ENDLESS_LOAD_MS),
  {
    question: 'a write during the load of a reader',
    measure: `answers from before the write, of ${INSTANCES} instances that read after both`,
    target: 'none',
    count: countStale,
    isMet: ([stale]) => stale === 0,
  },
];

/** Reads that miss memory: their requests to a second tier and to the origin, counted in virtual time. */
export const question: Question = {
  name: 'peers-cold',
  async ask() {
    const engine = await makeEngine();
    try {
      const ours = makeOurs(engine);
      const results = [];
      for (const count of counts) results.push(await compare(count, ours));
      return results;
    } finally {
      await engine.close();
    }
  },
};

async function compare(what: Count, ours: Side): Promise<Result> {
  const figures = await what.count(ours);
  const theirs: { name: string; figures: Figures }[] = [];
  for (const side of [...peers, drizzleSide])
    theirs.push({ name: side.name, figures: await what.count(side) });
  const best = figures.map((_, at) => Math.min(...theirs.map((peer) => peer.figures[at] ?? Infinity)));
  return {
    question: what.question,
    measure: what.measure,
    ours: describe(figures),
    peers: theirs.map((peer) => `${peer.name} ${describe(peer.figures)}`).join(', '),
    ratio: `${describe(figures)} to ${describe(best)} of the best`,
    target: what.target,
    met: what.isMet(figures, best),
  };
}

function describe(figures: Figures): string {
  return figures.map((figure) => figure.toLocaleString('en')).join(' + ');
}

async function countCold(side: Side): Promise<Figures> {
  return within(side, USUAL_LOAD_MS, async (world, cluster) => {
    const { read } = await cluster.start();
    const before = await settled(
      world,
      read().then(() => world.tier.replies),
    );
    await untilOver(world);
    return [before, world.tier.requests, world.origin.loads];
  });
}

async function countHit(side: Side): Promise<Figures> {
  return within(side, USUAL_LOAD_MS, async (world, cluster) => {
    await readAndWait(world, await cluster.start());
    const reading = await cluster.start();
    const filled = world.tier.requests;
    await readAndWait(world, reading);
    const first = world.tier.requests;
    await readAndWait(world, reading);
    if (world.origin.loads !== 1) throw new Error(`${side.name} has loaded what was in the second tier`);
    return [first - filled, world.tier.requests - first];
  });
}

function stampedeOf(loadMs: number) {
  return {
    question: `${READS.toLocaleString('en')} simultaneous cold reads, ${INSTANCES} instances, ${loadMs} ms to load`,
    measure: 'loads + requests to the second tier',
    count: (side: Side) => countStampede(side, loadMs),
  };
}

/**
 * Repeated reads while another instance loads save loads. The target therefore bounds our requests by a number and not
 * by the peers'.
 */
function longStampedeOf(loadMs: number): Count {
  return {
    ...stampedeOf(loadMs),
    target: `loads ≤ every peer, ≤ ${INSTANCES}; requests ≤ ${MOST_REQUESTS}`,
    isMet: ([loads = 0, requests = 0], [leastLoads = 0]) =>
      loads <= Math.min(INSTANCES, leastLoads) && requests <= MOST_REQUESTS,
  };
}

function countStampede(side: Side, loadMs: number): Promise<Figures> {
  return within(side, loadMs, async (world, cluster) => {
    const instances = await startAll(cluster);
    const each = Array.from({ length: READS / INSTANCES });
    await settled(world, Promise.all(instances.flatMap(({ read }) => each.map(() => read()))));
    await untilOver(world);
    return [world.origin.loads, world.tier.requests];
  });
}

function countStale(side: Side): Promise<Figures> {
  const load = makeGate();
  return within(side, load, async (world, cluster) => {
    const [reader, writer] = [await cluster.start(), await cluster.start()];
    const reading = reader.read();
    while (world.origin.loads === 0) await world.timeline.advance(1);
    await settled(world, writer.write());
    load.open();
    const old = await settled(world, reading);
    await untilOver(world);
    let stale = 0;
    for (const { read } of await startAll(cluster))
      if ((await settled(world, read())).revision === old.revision) stale += 1;
    return [stale];
  });
}

function startAll(cluster: Cluster): Promise<Instance[]> {
  return Promise.all(Array.from({ length: INSTANCES }, async () => cluster.start()));
}

async function readAndWait(world: World, { read }: Instance): Promise<void> {
  await settled(world, read());
  await untilOver(world);
}

function untilOver({ timeline }: World): Promise<void> {
  return timeline.advance(AFTERMATH_MS);
}

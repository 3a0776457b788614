import type { Token } from '../../src/cache/logical-time.ts';
import { isLogical } from '../../src/cache/logical-time.ts';
import { LONGEST_LIFE_MS } from '../../src/cache/shared/entry-bounds.ts';
import { type CodeUnderTest, codeUnderTest } from './code-under-test.ts';
import { type Command, ISOLATES, type ReadCommand } from './commands.ts';
import type { Engine } from './engine.ts';
import { type Isolate, MEMORY_LIFE_MS } from './isolate.ts';
import { type Lab, makeLab } from './lab.ts';
import type { ReadPlan } from './lab-read.ts';
import { LOOK_UPS, type LookUpKey } from './look-ups.ts';

/** The state of a run besides the lab. */
interface Run {
  readonly lab: Lab;
  readonly isolates: readonly Isolate[];
  /** The look-ups that are read at the end. */
  readonly keys: readonly LookUpKey[];
  /** Makes the replica of Redis the primary. */
  failOver: (() => Promise<void>) | null;
  hasClockStepped: boolean;
  hasVeryLateCall: boolean;
}

const AHEAD_MICROS = 1e14;
/** Every read that can settle has settled after this time. */
const ALL_SETTLED_MS = 16_000;

/** Carries out the steps; reads what they read everywhere at their end, and once more when memory has expired. Throws what the lab finds. */
export async function runCommands(
  engine: Engine,
  commands: readonly Command[],
  code: CodeUnderTest = codeUnderTest,
): Promise<void> {
  const lifeMs = commands.some((command) => command.do === 'no log') ? 0 : MEMORY_LIFE_MS;
  const lab = await makeLab(engine, code, lifeMs);
  const isolates = Array.from({ length: ISOLATES }, () => lab.isolate());
  const run: Run = {
    lab,
    isolates,
    keys: keysOf(commands),
    failOver: null,
    hasClockStepped: false,
    hasVeryLateCall: false,
  };
  try {
    for (const command of commands) await carryOut(run, command);
    await readEverything(run, lab.tokens.at(-1));
    await lab.advance(ALL_SETTLED_MS);
    await readEverything(run);
    await lab.advance(ALL_SETTLED_MS);
  } finally {
    await lab.close();
  }
}

type Step<D> = (run: Run, command: Extract<Command, { do: D }>) => unknown;

const steps: { readonly [D in Command['do']]: Step<D> } = {
  read: (run, command) => {
    if (isVeryLate(command) && run.hasClockStepped) return undefined;
    run.hasVeryLateCall ||= isVeryLate(command);
    const [isolate, plan] = [isolateAt(run, command.isolate), planOf(run.lab, command)];
    if (!command.with) return run.lab.read(isolate, command.key, plan);
    return run.lab.readMany(isolate, [command.key, ...command.with], plan);
  },
  write: (run, command) => run.lab.write(isolateAt(run, command.isolate), command.change, command),
  'write elsewhere': ({ lab }, { change, openMs }) => lab.writeElsewhere(change, openMs),
  drain: (run, command) => run.lab.drain(isolateAt(run, command.isolate), command),
  wait: ({ lab }, { ms }) => lab.advance(ms),
  'redis is': ({ lab }, { state }) => lab.setRedis(state),
  'redis clock steps': (run, { ms }) => {
    if (run.hasVeryLateCall) return;
    run.hasClockStepped = true;
    run.lab.stepRedisClock(ms);
  },
  flush: ({ lab }) => lab.flushRedis(),
  lose: ({ lab }, { key }) => lab.loseKey(key),
  corrupt: ({ lab }, { key }) => lab.corruptKey(key),
  'replication stops': async (run) => void (run.failOver = await run.lab.stopReplication()),
  failover: failOver,
  'no log': () => {},
};

function carryOut(run: Run, command: Command): unknown {
  // The table has each step under its own name; TypeScript sees only their union.
  return (steps[command.do] as Step<Command['do']>)(run, command);
}

// Assumed: no request outlives the tags and then finds the clock of Redis set back to before they were set.
function isVeryLate({ calls }: ReadCommand): boolean {
  return Number(calls?.fill?.outMs ?? 0) > LONGEST_LIFE_MS;
}

// Assumed: the logical clock is not ahead of the new primary's, as it is for a while after a step back.
async function failOver(run: Run): Promise<void> {
  if (!run.failOver || run.hasClockStepped) return;
  await run.failOver();
  run.failOver = null;
}

function isolateAt({ isolates }: Run, index: number): Isolate {
  const isolate = isolates[index];
  if (!isolate) throw new Error(`there is no isolate ${index}`);
  return isolate;
}

function planOf(lab: Lab, command: ReadCommand): ReadPlan {
  const { maxAgeMs, noCache: reload, token, forged, ...plan } = command;
  const known = token === undefined ? undefined : lab.tokens.at(-1 - token);
  const sent = forged ? forge(lab, forged) : known;
  return { ...plan, demands: { maxAgeMs, reload, token: sent }, isTokenForged: forged !== undefined };
}

function forge({ tokens }: Lab, kind: 'epoch' | 'ahead'): Token {
  const latest = tokens.findLast(isLogical);
  if (kind === 'ahead' && latest) return { ...latest, n: latest.n + AHEAD_MICROS };
  return { epoch: '0123456789abcdef', n: 1 };
}

async function readEverything({ lab, isolates, keys }: Run, token?: Token): Promise<void> {
  for (const demands of token ? [{}, { token }] : [{}])
    for (const isolate of isolates) for (const key of keys) await lab.read(isolate, key, { demands });
}

// What nobody has read is nowhere to be found old. A run without a read is about writers: there every look-up is.
function keysOf(commands: readonly Command[]): readonly LookUpKey[] {
  const read = LOOK_UPS.filter((key) =>
    commands.some((command) => command.do === 'read' && (command.key === key || command.with?.includes(key))),
  );
  return read.length > 0 ? read : LOOK_UPS;
}

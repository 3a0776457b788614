import { randomInt } from 'node:crypto';
import * as z from 'zod';

/** The faults that a store can be given, by the verbs of its protocol. */
export interface FaultTargets {
  readonly verb: z.ZodType<string>;
  /** Bodies that no such store would send, by the name of the variant. */
  readonly wrongBodies: Readonly<Record<string, string>>;
}

/** One fault. Times are in ms; `moment` is before or after the engine has executed the request. */
export type Fault = z.infer<ReturnType<typeof switchSchema>>['faults'][number];

/** A fault that strikes the present request. */
export type Strike = Exclude<Fault, { kind: 'wrong-json' }> | (Fault & { kind: 'wrong-json'; body: string });

/** The active faults, each with the number of requests that it has struck. */
export interface FaultReport {
  readonly seed: number;
  readonly faults: readonly (Fault & { readonly struck: number })[];
}

export interface Faults {
  /** Replaces all active faults by these. Throws one sentence that says what is wrong with them. */
  set(input: unknown): FaultReport;
  report(): FaultReport;
  /** The first fault that applies to a request with these verbs, or null. */
  strike(verbs: readonly string[]): Strike | null;
}

const LONGEST_DELAY_MS = 600_000;
const SEEDS = 2 ** 32;

/** Starts without faults. The same seed strikes the same requests in the same order. */
export function makeFaults(targets: FaultTargets): Faults {
  const schema = switchSchema(targets);
  const bodies = Object.values(targets.wrongBodies);
  let current = arm({ faults: [] });

  const report = (): FaultReport => ({
    seed: current.seed,
    faults: current.armed.map(({ fault, struck }) => ({ ...fault, struck })),
  });

  return {
    report,
    set(input) {
      current = arm(parse(schema, input));
      return report();
    },
    strike(verbs) {
      const { armed, random } = current;
      const met = armed.find(({ fault }) => isMeant(fault, verbs) && random() < fault.probability);
      if (!met) return null;
      met.struck += 1;
      if (met.fault.kind !== 'wrong-json') return met.fault;
      const { variant } = met.fault;
      const drawn = () => bodies[Math.floor(random() * bodies.length)];
      return { ...met.fault, body: (variant === undefined ? drawn() : targets.wrongBodies[variant]) ?? '' };
    },
  };
}

function switchSchema({ verb, wrongBodies }: FaultTargets) {
  const limits = { verbs: z.array(verb).min(1).optional(), probability: z.number().gt(0).max(1).default(1) };
  const early = { moment: z.enum(['before', 'after']).default('before'), ...limits };
  // An answer can only be spoilt once it exists.
  const late = { moment: z.literal('after').default('after'), ...limits };
  const fault = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('delay'), ms: z.int().min(1).max(LONGEST_DELAY_MS), ...early }),
    z.strictObject({ kind: z.enum(['hang', 'refuse']), ...early }),
    z.strictObject({ kind: z.literal('status'), status: z.int().min(400).max(599), ...early }),
    z.strictObject({
      kind: z.literal('wrong-json'),
      variant: z.enum(Object.keys(wrongBodies)).optional(),
      ...early,
    }),
    z.strictObject({ kind: z.enum(['reset', 'stall', 'truncated-json', 'wrong-base64']), ...late }),
  ]);
  return z.strictObject({
    faults: z.array(fault),
    seed: z
      .int()
      .min(0)
      .max(SEEDS - 1)
      .optional(),
  });
}

function parse(schema: ReturnType<typeof switchSchema>, input: unknown) {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const reasons = result.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new Error(`no such faults: ${reasons.join('; ')}`);
}

function arm({ faults, seed = randomInt(SEEDS) }: z.infer<ReturnType<typeof switchSchema>>) {
  return { seed, random: makeRandom(seed), armed: faults.map((fault) => ({ fault, struck: 0 })) };
}

function isMeant({ verbs }: Fault, carried: readonly string[]): boolean {
  return verbs === undefined || carried.some((verb) => verbs.includes(verb));
}

/** Mulberry32: numbers from 0 to below 1. The same seed gives the same numbers. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / SEEDS;
  };
}

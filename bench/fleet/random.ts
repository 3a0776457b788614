/** A stream of random numbers. Each seed has one stream. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  exponential(mean: number): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
}

const TWO_TO_32 = 2 ** 32;
const GOLDEN = 0x9e3779b9;
/** Similar seeds give similar outputs at first. sfc32 needs this many outputs to lose the likeness. */
const WARM_UP_ROUNDS = 16;

/** Chris Doty-Humphrey's sfc32. Streams with the same seed differ by their name. */
export function makeRandom(seed: number, stream: number): Random {
  let a = mix(seed);
  let b = mix(seed ^ (stream * GOLDEN));
  let c = mix(stream + GOLDEN);
  let counter = 1;

  const uniform = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / TWO_TO_32;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) uniform();

  return {
    uniform,
    exponential: (mean) => -Math.log(1 - uniform()) * mean,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** Maps whole numbers one to one onto scattered 32-bit numbers (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The number in [0, 1) that scattering gives. */
export function scatter(value: number, seed: number): number {
  return mix(mix(value) ^ seed) / TWO_TO_32;
}

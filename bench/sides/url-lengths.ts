import { accountNumberFromUrl } from '../../src/directory/accounts/account-number.ts';
import type { Side } from '../measure.ts';

export const LENGTHS = [1_000, 1_000_000] as const;

const SHAPES: Readonly<Record<string, (length: number) => string>> = {
  host: (length) => `https://${'a'.repeat(length)}`,
  path: (length) => `https://example.com/${'a'.repeat(length)}`,
  garbage: (length) => 'q'.repeat(length),
  labels: (length) => `https://${'3141-5926-5359.'.repeat(length / 15)}`,
  encoded: (length) => `https://${'%41'.repeat(length / 3)}`,
  spaces: (length) => ' '.repeat(length),
};
export const SHAPE_NAMES = Object.keys(SHAPES);

/** Rejected strings, each in a short and a long form, named by shape and length. */
export async function makeSides(): Promise<readonly Side[]> {
  return Object.entries(SHAPES).flatMap(([shape, make]) =>
    LENGTHS.map((length): Side => {
      const text = make(length);
      return { name: `${shape} ${length}`, op: () => accountNumberFromUrl(text) };
    }),
  );
}

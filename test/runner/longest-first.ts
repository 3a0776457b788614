import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification, type Vitest } from 'vitest/node';
import { DURATIONS_FILE, type Durations } from './durations.ts';

/**
 * Orders files by their known durations, the longest first, so that the last ones are short. A shuffled run has a
 * random order. Files of one project stay together: a worker serves one project at a time.
 */
export class LongestFirst extends BaseSequencer {
  readonly #durations: Durations = JSON.parse(readFileSync(DURATIONS_FILE, 'utf8'));
  readonly #root: string;
  readonly #seed: number | undefined;

  constructor(ctx: Vitest) {
    super(ctx);
    const { root, sequence } = ctx.config;
    this.#root = root;
    this.#seed = sequence.shuffle ? sequence.seed : undefined;
  }

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = (file: TestSpecification): number =>
      this.#seed === undefined
        ? -(this.#durations[relative(this.#root, file.moduleId)] ?? Infinity)
        : randomRank(this.#seed, relative(this.#root, file.moduleId));
    return files.toSorted(
      (a, b) => a.project.name.localeCompare(b.project.name) || rankOf(a) - rankOf(b) || 0,
    );
  }
}

function randomRank(seed: number, file: string): number {
  return createHash('sha256').update(`${seed} ${file}`).digest().readUInt32BE();
}

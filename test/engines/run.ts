import type { TestProject } from 'vitest/node';
import '../provided.ts';

const MAX_SEED = 2 ** 31;

/** Tells tests how long this run is, and gives it the one seed of everything random. */
export default function setup(project: TestProject): void {
  const seed = Number(process.env['SEED'] || Math.floor(Math.random() * MAX_SEED));
  project.provide('isTorture', process.env['TORTURE'] === '1');
  project.provide('seed', seed);
  console.log(`SEED=${seed}`);
}

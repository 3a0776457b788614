import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

const SHOWN = 10;

/** Prints the slowest files at the end of a run, and the sum of all durations. */
export default class SlowestFiles implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules
      .map((module) => ({ name: relative('.', module.moduleId), ms: durationMs(module) }))
      .toSorted((a, b) => b.ms - a.ms);
    const totalMs = files.reduce((sum, { ms }) => sum + ms, 0);
    const lines = files.slice(0, SHOWN).map(({ name, ms }) => `${seconds(ms).padStart(8)}  ${name}`);
    this.#vitest?.logger.log(
      `\n Slowest files\n${lines.join('\n')}\n${seconds(totalMs).padStart(8)}  all ${files.length} files, one after another\n`,
    );
  }
}

/** The duration includes the hooks, which wait for engines. */
export function durationMs(module: TestModule): number {
  const { collectDuration, duration } = module.diagnostic();
  return collectDuration + duration;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

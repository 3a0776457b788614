import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { DURATIONS_FILE } from './durations.ts';
import { durationMs } from './slowest-files.ts';

/** Writes the duration of each file, by which the next runs share the files out. */
export default class WriteDurations implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const durations = modules
      .map((module): [string, number] => [relative('.', module.moduleId), Math.round(durationMs(module))])
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(DURATIONS_FILE, `${JSON.stringify(Object.fromEntries(durations), null, 2)}\n`);
  }
}

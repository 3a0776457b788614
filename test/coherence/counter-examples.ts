import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from './commands.ts';

/** The shortest run found that a mutation breaks the property in. */
export interface CounterExample {
  readonly mutation: string;
  readonly violation: string;
  readonly commands: readonly Command[];
}

const FILE = 'test/coherence/counter-examples.json';

export async function readCounterExamples(): Promise<readonly CounterExample[]> {
  return JSON.parse(await readFile(FILE, 'utf8'));
}

export async function writeCounterExamples(examples: readonly CounterExample[]): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(examples, null, 2)}\n`);
}

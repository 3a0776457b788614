// Asks all questions, or the named ones, and prints the table. A full run writes it into docs/performance.md.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isQuick } from './pace.ts';
import type { Result } from './question.ts';
import { describeMachine } from './machine.ts';
import { describeResults, writePage } from './table.ts';

const QUESTIONS = new URL('questions/', import.meta.url);
const ASK = fileURLToPath(new URL('ask.ts', import.meta.url));

async function listNames(): Promise<string[]> {
  const files = await readdir(QUESTIONS);
  return files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
}

/** Each question runs in a process of its own: what V8 learns from one must not slow down the next. */
async function ask(name: string): Promise<readonly Result[]> {
  const child = fork(ASK, [name, ...(isQuick ? ['--quick'] : [])]);
  const answered = once(child, 'message').then(([message]) => message as readonly Result[]);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the question ${name} ended with ${code} and without an answer`);
  });
  return Promise.race([answered, ended]);
}

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const names = (await listNames()).toSorted();
const unknown = asked.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`There is no question ${unknown}; there are ${names.join(', ')}.`);
  process.exit(2);
}

const results: Result[] = [];
for (const name of asked.length > 0 ? asked : names) {
  console.error(`asking ${name} …`);
  results.push(...(await ask(name)));
}
console.log(`${describeMachine()}\n\n${describeResults(results)}`);
if (asked.length === 0 && !isQuick) await writePage(results);

const missed = results.filter(({ met }) => met === false);
for (const { question, measure, ours, target } of missed)
  console.error(`MISSED ${question}: ${measure} is ${ours}, and must be ${target}`);
process.exit(missed.length > 0 ? 1 : 0);

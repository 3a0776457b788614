import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { type Outcome, withHome } from './fake-io.ts';
import { testAliases } from './service/aliases.ts';
import { testChanges } from './service/changes.ts';
import { testDeletions } from './service/deletions.ts';
import { testKeys } from './service/keys.ts';
import { testReads } from './service/reads.ts';
import { type Service, startService } from './service/service.ts';
import { testWrites } from './service/writes.ts';

let service: Service;

const examples = commands.flatMap(({ examples: lines }) => lines);
const outcomes = new Map<string, Outcome>();

// All tests share one local stack. The examples of the help are run on it from the first to the last, however the tests below
// are shuffled.
beforeAll(async () => {
  service = await startService();
  await withHome(async (home) => {
    const world = { home, stdin: 'ea_local_root\n' };
    for (const line of examples) outcomes.set(line, await service.run(line, world));
  });
});
afterAll(() => service.close());

test.each(examples)('the help’s example works: %s', (line) => {
  const outcome = outcomes.get(line);
  expect(outcome).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/request|usage/i) });
  expect(`${outcome?.stdout}${outcome?.stderr}`).not.toBe('');
});

const on = () => service;
testReads(on);
testWrites(on);
testDeletions(on);
testKeys(on);
testChanges(on);
testAliases(on);

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPage, ROOT } from './blocks.ts';

const [, table = ''] =
  /<!-- alerts: test\/examples\/alerts\.test\.ts -->\n([^]*?)<!-- \/alerts -->/.exec(
    readPage('docs/deployment.md'),
  ) ?? [];
const named = new Set([...table.matchAll(/`event = ([a-z_]+)`/g)].map(([, event]) => event));

const source = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'));
const eventsOf = (levels: string) =>
  source.flatMap((text) =>
    [...text.matchAll(new RegExp(`\\b(?:log|consoleLog)\\.(?:${levels})\\(\\s*'([a-z_]+)'`, 'g'))].map(
      ([, event]) => event,
    ),
  );

test('docs/deployment.md has an alert for each warning and each error that the Worker logs', () => {
  const logged = new Set(eventsOf('warn|error'));
  expect(logged.size).toBeGreaterThan(10);
  // The line of a request is the one line of information that an alert counts.
  expect([...named].toSorted()).toEqual([...logged, 'request'].toSorted());
  expect(eventsOf('info')).toContain('request');
});

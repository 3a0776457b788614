import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notReplayed } from '../support/upstream.ts';
import { type Answer, askAs, startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const readme = await read('README.md');
const examples = [...readme.matchAll(/^\$ (curl .*)\n(.*)$/gm)].map(([, command = '', output = '']) => ({
  command,
  output,
}));

let two: TwoWorkers;

beforeAll(async () => {
  two = await startTwoWorkers();
});

afterAll(() => two.close());

function run(command: string): Promise<Answer> {
  const url = new URL(/http:\S+/.exec(command)?.[0] ?? '');
  const [, authorization = ''] = /-H 'Authorization: ([^']+)'/.exec(command) ?? [];
  const { origin } = url.port === '8788' ? two.workers.consumerUrl : two.workers.url;
  return askAs(url.hostname, origin, `${url.pathname}${url.search}`, { authorization });
}

test('the README has four examples', () => {
  expect(examples).toHaveLength(4);
});

test.each(examples)('$command prints what the README says', async ({ command, output }) => {
  const { headers, text } = await run(command);
  const [, header] = /grep ([A-Za-z-]+)$/.exec(command) ?? [];
  expect(header ? `${header}: ${headers[header.toLowerCase()]}` : text.trimEnd()).toBe(output);
});

test('docs/differences.md lists every row of the original that is not replayed', async () => {
  const listed = [...(await read('docs/differences.md')).matchAll(/^\| `(.*?)`\s+\|/gm)].map(
    ([, row]) => row,
  );
  expect(listed.toSorted()).toEqual(Object.keys(notReplayed).toSorted());
});

const named = [...(await read('docs/elsewhere.md')).matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g)].map(
  ([, title = '', path = '']) => ({ title, path }),
);

test.each(named)('$path has the test “$title”', async ({ title, path }) => {
  expect((await read(path)).replaceAll("\\'", "'")).toContain(`'${title}'`);
});

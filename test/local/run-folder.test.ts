import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeRunFolder } from '../engines/run-folder.ts';

let parent: string;
let outside: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  outside = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
});

afterEach(async () => {
  for (const folder of [parent, outside]) await rm(folder, { recursive: true });
});

/** The id of a process that has ended. */
const endedPid = (): number => spawnSync(process.execPath, ['--version']).pid;

async function fill(path: string): Promise<string> {
  await mkdir(path);
  await writeFile(join(path, 'empty.tar'), 'x');
  return basename(path);
}

test('a run removes what killed runs have left, and nothing else', async () => {
  const gone = endedPid();
  await fill(join(parent, `edge-accounts-tests-${gone}-aaaaaa`));
  const kept = [
    await fill(join(parent, `edge-accounts-tests-${process.pid}-aaaaaa`)),
    await fill(join(parent, 'edge-accounts-tests-old')),
    await fill(join(parent, `edge-accounts-${gone}-aaaaaa`)),
    await fill(join(parent, `other-edge-accounts-tests-${gone}-aaaaaa`)),
  ];
  const made = basename(await makeRunFolder(parent));
  expect(made).toMatch(new RegExp(`^edge-accounts-tests-${process.pid}-`));
  expect((await readdir(parent)).toSorted()).toEqual([...kept, made].toSorted());
});

test('a link is no folder of a run', async () => {
  await writeFile(join(outside, 'kept'), 'x');
  const link = `edge-accounts-tests-${endedPid()}-aaaaaa`;
  await symlink(outside, join(parent, link));
  await makeRunFolder(parent);
  expect(await readdir(parent)).toContain(link);
  expect(await readdir(outside)).toEqual(['kept']);
});

test('runs that begin together remove the same folder', async () => {
  await fill(join(parent, `edge-accounts-tests-${endedPid()}-aaaaaa`));
  const made = await Promise.all([makeRunFolder(parent), makeRunFolder(parent), makeRunFolder(parent)]);
  expect((await readdir(parent)).toSorted()).toEqual(made.map((path) => basename(path)).toSorted());
});

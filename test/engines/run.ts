import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { buildAssets } from '../../assets/build.ts';
import { makeBundles } from './bundles.ts';
import { makeStackHosts } from './hosts.ts';
import { hasRedisServer } from './own-redis.ts';
import { makeRunFolder } from './run-folder.ts';
import { startRunServer } from './run-server.ts';
import { type SavedStates, saveStates } from './saved-states.ts';
import '../support/provided.ts';

const MAX_SEED = 2 ** 31;

/** The folder in which processes of Node find the code that earlier ones compiled, from run to run. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/edge-accounts/node', import.meta.url));

/** Gives a run its one seed, and the values that are made once for all files, each at its first use. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const seed = Number(process.env['SEED'] || Math.floor(Math.random() * MAX_SEED));
  console.log(`SEED=${seed}`);
  const folder = await makeRunFolder();
  // The files of this run and the stacks that they start load wrangler and Miniflare a quarter sooner.
  process.env['NODE_COMPILE_CACHE'] ??= COMPILED;
  // Test files copy the folder of the assets, which must not change meanwhile.
  await buildAssets();
  const hosts = makeStackHosts();
  const bundle = makeBundles();
  let states: Promise<SavedStates> | undefined;
  const server = await startRunServer({
    '/states': () => (states ??= saveStates(folder)),
    // Only this project's tests send these requests.
    '/bundle': (main) => bundle(main as string),
    '/new': hosts.add,
    '/close': hosts.remove,
  });
  project.provide('seed', seed);
  project.provide('runUrl', server.url);
  project.provide('hasRedisServer', hasRedisServer());
  project.provide('isOnServers', process.env['DATABASE_URL'] !== undefined);
  return async () => {
    server.close();
    await hosts.close();
    await rm(folder, { recursive: true, force: true });
  };
}

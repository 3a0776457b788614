import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { askAs, startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';
import { run } from '../package/tarball.ts';
import { findNode } from './node-versions.ts';
import { install, installProject, type Project, runOwn } from './project.ts';
import { startDev } from './wrangler-dev.ts';

let project: Project;
let two: TwoWorkers;

beforeAll(async () => {
  [project, two] = await Promise.all([installProject(), startTwoWorkers()]);
  for (const name of ['node', 'hono', 'consumer', 'deployment']) await project.copyExample(name);
  await install(join(project.folder, 'deployment'), '--omit=dev', project.tarball);
  const secrets = Object.entries(two.stack.env).map(([name, value]) => `${name}="${value}"\n`);
  await project.write('deployment/.dev.vars', secrets.join(''));
});

afterAll(async () => {
  await two.close();
  await project.close();
});

test.for(['20', '22', '24'])('the scripts run in Node %s, and ask the service', async (major, { skip }) => {
  const node = (await findNode(major, project.folder)) ?? skip(`npm has no Node ${major}`);
  const { stdout: version } = await run(node, ['--version']);
  expect(version).toMatch(`v${major}.`);
  const { stdout: numbers } = await run(node, [join(project.folder, 'node/account-number.mjs')]);
  expect(numbers).toBe('3141-5926-5359\nnull\nno_account_label\nnull\n');
  const env = { ACCOUNTS_URL: two.workers.url.origin, ACCOUNTS_KEY: LOCAL_KEY };
  const { stdout } = await run(node, [join(project.folder, 'node/index.mjs')], { env });
  expect(stdout).toBe('3141-5926-5359 is Smarter.\n');
});

const hostOf = (accountNumber: string) => `hr.${accountNumber}.api.localhost`;

test('a Hono Worker with the middleware is bound to the deployment', async () => {
  const dev = await startDev(project.folder, ['hono', 'deployment']);
  onTestFinished(dev.close);
  const ask = async (host: string, path = '/') => {
    const { status, text } = await askAs(host, dev.origin, path);
    return [status, text];
  };
  expect(await ask(hostOf('3141-5926-5359'))).toEqual([200, 'Welcome to Smarter.\n']);
  expect(await ask('www.example.com', '/health')).toEqual([200, 'ok\n']);
  expect(await ask('www.example.com')).toMatchObject([
    404,
    expect.stringContaining('This host names no account'),
  ]);
  expect(await ask(hostOf('9999-9999-9999'))).toMatchObject([
    404,
    expect.stringContaining('No such account'),
  ]);
  expect(await ask(hostOf('1618-0339-8874'))).toMatchObject([
    403,
    expect.stringContaining('account_is_inactive'),
  ]);
});

test('a Hono Worker answers 503 while the deployment is away', async () => {
  const dev = await startDev(project.folder, ['hono']);
  onTestFinished(dev.close);
  expect(await askAs(hostOf('3141-5926-5359'), dev.origin)).toMatchObject({ status: 503 });
});

test('a plain Worker is bound to the deployment', async () => {
  const dev = await startDev(project.folder, ['consumer', 'deployment']);
  onTestFinished(dev.close);
  const answer = await askAs(hostOf('3141-5926-5359'), dev.origin);
  expect(answer).toMatchObject({ status: 200, text: 'Welcome to Smarter.\n' });
});

test('the deployment answers over HTTP', async () => {
  const dev = await startDev(project.folder, ['deployment']);
  onTestFinished(dev.close);
  const answer = await askAs('127.0.0.1', dev.origin, '/v1/users/3', {
    Authorization: `Bearer ${LOCAL_KEY}`,
  });
  expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('johndoe') });
  const script = await askAs('127.0.0.1', dev.origin, '/docs/scalar.js');
  expect(script).toMatchObject({ status: 200, text: expect.stringContaining('Scalar API reference') });
});

test('wrangler bundles the deployment as for an upload', async () => {
  const args = ['deploy', '--dry-run', '--outdir', join(project.folder, 'out')];
  const done = await runOwn('wrangler/bin/wrangler.js', args, join(project.folder, 'deployment'));
  expect(done).toMatchObject({ isDone: true, output: expect.stringContaining('Total Upload') });
});

test.each([
  ['edge-accounts-migrate', [], 1],
  ['edge-accounts', ['migrate'], 5],
])('the installed %s migrates the database, and says why it cannot', async (name, args, code) => {
  const command = join(project.folder, 'node_modules/.bin', name);
  const migrate = (databaseUrl: string) =>
    run(process.execPath, [command, ...args], { env: { DATABASE_URL: databaseUrl } });
  expect((await migrate(two.stack.postgresUrl)).stdout).toBe('The database is up to date.\n');
  await expect(migrate('postgres://me@127.0.0.1:1/db')).rejects.toMatchObject({
    code,
    stderr: expect.stringContaining('Migration failed: connect ECONNREFUSED'),
  });
});

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configFolder } from '../../cli/contexts/config-file.ts';
import { runWith, withHome, type World } from './fake-io.ts';
import { wordsOf } from './words.ts';

const KEY = 'ea_local_root';
/** A test with a home directory of its own. */
const atHome = (act: (home: string) => Promise<void>) => () => withHome(act);

const run = (line: string, world: World) => runWith(wordsOf(line), world);
const add = (name: string, home: string, url = `https://${name}.example.com/`) =>
  run(`context add ${name} --url ${url} --unchecked`, { home, stdin: `${KEY}-${name}\n` });
const fileIn = (home: string) => join(home, '.config', 'edge-accounts', 'contexts.json');

/** The URL and the key of the one request that the command line sends. */
async function asked(line: string, world: World) {
  const seen: string[] = [];
  const outcome = await run(line, {
    ...world,
    fetch(url, init) {
      seen.push(url, new Headers(init.headers).get('Authorization') ?? '');
      return Promise.resolve(Response.json({ items: [], nextCursor: null }));
    },
  });
  return { ...outcome, seen };
}

test(
  'a context is saved for its owner alone, and its key is never printed',
  atHome(async (home) => {
    const { code, stdout, stderr } = await add('staging', home);
    expect([code, stdout]).toEqual([
      0,
      'Saved. "staging" is the current context; the key was not checked.\n',
    ]);
    expect(stderr).not.toContain(KEY);
    expect(await readFile(fileIn(home), 'utf8')).toContain(`${KEY}-staging`);
    expect((await stat(fileIn(home))).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, '.config', 'edge-accounts'))).mode & 0o777).toBe(0o700);
    for (const line of [
      'context list',
      'context list --json',
      'context use staging',
      'context remove staging',
    ]) {
      expect((await run(line, { home })).stdout).not.toContain(KEY);
    }
  }),
);

test(
  'a file that others could read is theirs no more once it is written',
  atHome(async (home) => {
    await mkdir(join(home, '.config', 'edge-accounts'), { recursive: true });
    await writeFile(fileIn(home), '{"current":null,"contexts":{}}', { mode: 0o644 });
    await add('staging', home);
    expect((await stat(fileIn(home))).mode & 0o777).toBe(0o600);
  }),
);

test(
  'the last context is the current one, until another is chosen or it is removed',
  atHome(async (home) => {
    await add('staging', home);
    await add('production', home);
    const list = async () => (await run('context list', { home })).stdout;
    expect(await list()).toBe(
      '    name         url\n    staging      https://staging.example.com\n*   production   https://production.example.com\n',
    );
    await run('context use staging', { home });
    expect(await list()).toContain('\n*   staging ');
    await run('context remove staging', { home });
    expect(await list()).toBe('    name         url\n    production   https://production.example.com\n');
    const { code, stderr } = await run('accounts list', { home });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^No service is chosen\.\nRun `edge-accounts context add/),
    ]);
  }),
);

test(
  '--context is asked before the environment, and the environment before the current context',
  atHome(async (home) => {
    await add('staging', home);
    await add('production', home);
    const env = { EDGE_ACCOUNTS_URL: 'https://ci.example.com', EDGE_ACCOUNTS_KEY: 'ea_ci' };
    const read = async (line: string, world: World) => (await asked(line, { home, ...world })).seen;
    const path = '/v1/accounts?limit=100';
    expect(await read('accounts list', {})).toEqual([
      `https://production.example.com${path}`,
      `Bearer ${KEY}-production`,
    ]);
    expect(await read('accounts list', { env })).toEqual([`https://ci.example.com${path}`, 'Bearer ea_ci']);
    expect(await read('accounts list --url https://x.example.com', { env })).toEqual([
      `https://x.example.com${path}`,
      'Bearer ea_ci',
    ]);
    expect(await read('accounts list --context staging', { env })).toEqual([
      `https://staging.example.com${path}`,
      `Bearer ${KEY}-staging`,
    ]);
  }),
);

test('a URL without a key, an unknown context and a name like a path are exit code 2', async () => {
  const url = { env: { EDGE_ACCOUNTS_URL: 'https://ci.example.com' } };
  expect(await run('accounts list', url)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no key'),
  });
  expect((await run('accounts list --context nowhere', {})).code).toBe(2);
  expect((await run('accounts list --context constructor', {})).code).toBe(2);
  expect((await run('context use nowhere', {})).code).toBe(2);
  expect((await run('context add ../x --url https://x.example.com', { stdin: KEY })).code).toBe(2);
});

test('a key is neither taken as an argument nor made up', async () => {
  expect((await run('context add x --url https://x.example.com --key ea_x', {})).code).toBe(2);
  const none = await run('context add x --url https://x.example.com', {});
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('There is no key.')]);
});

test.each([
  'http://accounts.example.com',
  'ftp://localhost',
  'https://me:pass@x.example.com',
  'accounts',
  '',
])('no key goes to "%s"', async (url) => {
  const env = { EDGE_ACCOUNTS_KEY: KEY };
  expect((await run(`accounts list --url "${url}"`, { env })).code).toBe(2);
});

test.each(['http://localhost:8787', 'http://api.localhost', 'http://127.0.0.1:1', 'http://[::1]:8787'])(
  'a key goes to %s, which is this machine',
  async (url) => {
    const { code, seen } = await asked(`accounts list --url ${url}`, { env: { EDGE_ACCOUNTS_KEY: KEY } });
    expect([code, seen[0]?.startsWith(`${url}/v1/`)]).toEqual([0, true]);
  },
);

test('the folder is that of the system', () => {
  const place = { home: '/home/ann', platform: 'linux' as const, env: {} };
  expect(configFolder(place)).toBe('/home/ann/.config/edge-accounts');
  expect(configFolder({ ...place, env: { XDG_CONFIG_HOME: '/etc/ann' } })).toBe('/etc/ann/edge-accounts');
  const windows = { ...place, platform: 'win32' as const };
  expect(configFolder({ ...windows, env: { APPDATA: '/roaming' } })).toBe('/roaming/edge-accounts');
  expect(configFolder(windows)).toBe('/home/ann/AppData/Roaming/edge-accounts');
});

test.each(['{', '[]', '{"contexts":{"x":{"url":1}}}'])('a file that holds %s is named, and left', (text) =>
  withHome(async (home) => {
    await mkdir(join(home, '.config', 'edge-accounts'), { recursive: true });
    await writeFile(fileIn(home), text);
    const { code, stderr } = await add('staging', home);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`${fileIn(home)} is not a file of contexts.`),
    ]);
    expect(await readFile(fileIn(home), 'utf8')).toBe(text);
  }),
);

import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { packTarball, run, type Tarball, unpackTarball } from './tarball.ts';

let tarball: Tarball;
let project: string;

beforeAll(async () => {
  tarball = await packTarball();
  project = await unpackTarball(tarball);
});

afterAll(() => tarball.close());

const entries = ['client', 'hono', 'index', 'origin-worker', 'rpc', 'worker'];

test('the tarball holds the entry points, the migrations and the template, and nothing else', async () => {
  const { files } = tarball;
  const migrations = files.filter((path) => /^dist\/migrations\/\d{4}_\w+\.sql$/.test(path));
  const written = (await readdir('drizzle/migrations')).filter((name) => name.endsWith('.sql'));
  expect(migrations.map((path) => basename(path)).toSorted()).toEqual(written.toSorted());
  expect(files.filter((path) => !migrations.includes(path))).toEqual(
    [
      'LICENSE',
      'README.md',
      ...entries.flatMap((entry) => [`dist/${entry}.d.ts`, `dist/${entry}.js`]),
      'dist/assets/docs/scalar.js',
      'dist/assets/docs/start.js',
      'dist/assets/page.css',
      'dist/cli.js',
      'dist/migrate.js',
      'dist/migrations/meta/_journal.json',
      'dist/shared/account-directory.d.ts',
      'dist/shared/account-number.js',
      'dist/shared/api-key.js',
      'dist/shared/client.d.ts',
      'dist/shared/error-code.d.ts',
      'dist/shared/past-deletion.d.ts',
      'dist/shared/request-id.js',
      'dist/shared/visibility.js',
      'examples/deployment/README.md',
      'examples/deployment/index.ts',
      'examples/deployment/origin-worker.ts',
      'examples/deployment/package.json',
      'examples/deployment/wrangler.origin.toml',
      'examples/deployment/wrangler.toml',
      'package.json',
    ].toSorted(),
  );
});

/** Runs a module in plain Node, in the project that has the package. Returns what it prints, as JSON. */
async function runModule(code: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: project });
  return JSON.parse(stdout);
}

test.each([
  ['edge-accounts', ['ACCOUNT_NUMBER', 'accountNumberFromUrl', 'explainAccountNumber', 'parseApiKey']],
  ['edge-accounts/client', ['makeClient']],
  ['edge-accounts/hono', ['accountContext', 'requireAccount']],
  ['edge-accounts/rpc', []],
])('%s exports its names where it was unpacked', async (name, names) => {
  const code = `import * as all from '${name}'; console.log(JSON.stringify(Object.keys(all)))`;
  expect(await runModule(code)).toEqual(names);
});

test('the unpacked package finds the account number of a URL', async () => {
  const code = `
    import { accountNumberFromUrl, explainAccountNumber } from 'edge-accounts';
    const found = accountNumberFromUrl('https://user@hr.3141-5926-5359.api.example.com/');
    console.log(JSON.stringify([found, explainAccountNumber('ftp://example.com').reason]))`;
  expect(await runModule(code)).toEqual(['3141-5926-5359', 'no_http_url']);
});

test('the unpacked command line runs without any package beside it', async () => {
  const cli = join(project, 'node_modules/edge-accounts/dist/cli.js');
  const refused = await run(process.execPath, [cli, 'accounts', 'list'], {
    cwd: tarball.folder,
    env: { EDGE_ACCOUNTS_URL: 'https://localhost:9', EDGE_ACCOUNTS_KEY: 'ea_local_root' },
  }).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 5,
    stdout: '',
    stderr: expect.stringMatching(/^https:\/\/localhost:9 cannot be reached: /),
  });
  const { version } = JSON.parse(await read('package.json')) as { readonly version: string };
  expect((await run(process.execPath, [cli, '--version'])).stdout).toBe(`${version}\n`);
});

test('the unpacked command line migrates by the command beside it', async () => {
  const code = (await read('dist/cli.js')).match(/import\((["'`])\.\/migrate\.js\1\)/);
  expect(code).not.toBeNull();
});

// Node refuses a body at this status, even an empty one, and workerd does not.
test('the unpacked middleware answers without a body in Node', async () => {
  const code = `
    import { Hono } from 'hono';
    import { accountContext, requireAccount } from 'edge-accounts/hono';
    const binding = () => ({ getAccount: async () => null });
    const onUnknown = () => new Response(null, { status: 204 });
    const app = new Hono().use(accountContext({ binding, onUnknown }), requireAccount());
    console.log((await app.request('https://www.example.com/')).status)`;
  expect(await runModule(code)).toBe(204);
});

const read = (path: string) => readFile(join(project, 'node_modules/edge-accounts', path), 'utf8');

/** The modules that a file imports, directly and through files of the package. */
async function importsOf(path: string): Promise<string[]> {
  const found = [...(await read(path)).matchAll(/(?:from|import) "([^"]+)"/g)].map(([, name = '']) => name);
  const own = found.filter((name) => name.startsWith('.'));
  // Declarations name the module beside them.
  const fileOf = (name: string) =>
    path.endsWith('.d.ts') ? name.replace(/(?:\.d\.ts|\.js)$/, '.d.ts') : name;
  const deeper = await Promise.all(own.map((name) => importsOf(fileOf(join(dirname(path), name)))));
  return [...found.filter((name) => !own.includes(name)), ...deeper.flat()];
}

test('the main entry point needs no other package, in code and in types', async () => {
  expect(await importsOf('dist/index.js')).toEqual([]);
  expect(await read('dist/index.js')).toContain('from "./shared/account-number.js"');
  expect(await importsOf('dist/index.d.ts')).toEqual([]);
});

test('the main entry point runs where there is nothing but the language and URL', async () => {
  const entryPoints = [join(project, 'node_modules/edge-accounts/dist/index.js')];
  const options = { bundle: true, write: false, format: 'iife', globalName: 'edge' } as const;
  const [bundle] = (await build({ entryPoints, ...options })).outputFiles;
  const context = createContext({ URL });
  runInContext(bundle?.text ?? '', context);
  const call = `edge.accountNumberFromUrl('https://a%62.3141-5926-5359.example.com/')`;
  expect(runInContext(call, context)).toBe('3141-5926-5359');
});

test('a program bundles only what it imports', async () => {
  const stdin = { contents: `export { parseApiKey } from 'edge-accounts'`, resolveDir: project };
  const { metafile } = await build({ stdin, bundle: true, write: false, metafile: true, format: 'esm' });
  const weights = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const used = weights.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => basename(path));
  expect(used.filter((name) => name !== '<stdin>')).toEqual(['api-key.js']);
});

test.each(['client', 'hono'])('the types of %s name neither the server nor its bindings', async (entry) => {
  const types = await Promise.all([read(`dist/${entry}.d.ts`), read('dist/shared/client.d.ts')]);
  const code = types.join('\n').replaceAll(/\/\*[^]*?\*\//g, '');
  expect(code.match(/\b(?:zod|drizzle|cloudflare|Env\b|any\b).*/g)).toBeNull();
});

test('the template of a deployment has the settings of the repository', () => {
  const template = readConfig({ config: 'examples/deployment/wrangler.toml' });
  const { assets, vars, define, triggers, ratelimits, secrets, compatibility_date, minify, keep_names } =
    readConfig({ config: 'wrangler.toml' });
  expect(template).toMatchObject({ define, triggers, ratelimits, secrets, compatibility_date });
  expect(template.assets).toEqual({ ...assets, directory: 'node_modules/edge-accounts/dist/assets' });
  expect([template.minify, template.keep_names]).toEqual([minify, keep_names]);
  expect(template.vars).toEqual(vars);
});

test('the template asks for the released version, and for a wrangler that is not older', async () => {
  const versions = async (path: string) =>
    JSON.parse(await readFile(path, 'utf8')) as {
      readonly version: string;
      readonly dependencies: Readonly<Record<string, string>>;
      readonly devDependencies: Readonly<Record<string, string>>;
    };
  const template = await versions('examples/deployment/package.json');
  const { version, devDependencies } = await versions('package.json');
  expect(template.dependencies).toEqual({ 'edge-accounts': `^${version}` });
  expect(template.devDependencies).toEqual({ wrangler: `^${devDependencies['wrangler']}` });
});

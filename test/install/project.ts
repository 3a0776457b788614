import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packTarball, run } from '../package/tarball.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fresh project outside of the repository, with the package and nothing of the repository beside it. */
export interface Project {
  readonly folder: string;
  /** The path of the packed package. */
  readonly tarball: string;
  /** Copies an example into a folder of its name. */
  copyExample(name: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** The packages that a TypeScript project has beside it, in the versions of the repository. */
const BESIDE = ['@cloudflare/workers-types', '@types/node'];

/** Packs the package, and installs it with npm as a user would. */
export async function installProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-install-'));
  const tarball = await packTarball();
  const close = async () => {
    await tarball.close();
    await rm(folder, { recursive: true });
  };
  const write = (path: string, text: string) => writeFile(join(folder, path), text);
  await write('package.json', JSON.stringify({ private: true, type: 'module' }));
  await install(folder, tarball.path, ...(await Promise.all(BESIDE.map(versionOf))));
  return {
    folder,
    tarball: tarball.path,
    write,
    close,
    async copyExample(name) {
      const copy = join(folder, name);
      // The template of a deployment comes with the package.
      const examples = name === 'deployment' ? join(folder, 'node_modules/edge-accounts') : root;
      await cp(join(examples, 'examples', name), copy, { recursive: true });
      return copy;
    },
  };
}

async function versionOf(name: string): Promise<string> {
  const { default: described } = (await import(`${root}package.json`, { with: { type: 'json' } })) as {
    default: { readonly devDependencies: Readonly<Record<string, string>> };
  };
  return `${name}@${described.devDependencies[name]}`;
}

export function install(folder: string, ...packages: readonly string[]) {
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  return run('npm', ['install', ...quiet, ...packages], { cwd: folder });
}

/** Runs a command of the repository in a folder, and answers its output also when it fails. */
export async function runOwn(command: string, args: readonly string[], folder: string) {
  const path = join(root, 'node_modules', command);
  const done = run(process.execPath, [path, ...args], { cwd: folder, env: quietEnv(folder) });
  return done.then(
    ({ stdout }) => ({ isDone: true, output: stdout }),
    (error: { stdout: string; stderr: string }) => ({
      isDone: false,
      output: `${error.stdout}${error.stderr}`,
    }),
  );
}

/** Wrangler writes into the home folder, reports its use, and asks the network for the place of the machine. */
export function quietEnv(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: folder,
    NODE_ENV: 'test',
    WRANGLER_REGISTRY_PATH: join(folder, '.registry'),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CI: 'true',
  };
}

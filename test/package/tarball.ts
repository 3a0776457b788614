import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const run = promisify(execFile);

/** The package as it would be published. */
export interface Tarball {
  readonly path: string;
  /** The paths in it. */
  readonly files: readonly string[];
  /** A folder that is deleted by `close`. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Builds and packs the package. */
export async function packTarball(): Promise<Tarball> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-package-'));
  // `--silent` keeps the output of the build out of the JSON.
  const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: root,
  });
  const [packed] = Object.values(JSON.parse(stdout) as Readonly<Record<string, Packed>>);
  if (!packed) throw new Error('npm packed nothing');
  return {
    path: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path).toSorted(),
    folder,
    close: () => rm(folder, { recursive: true }),
  };
}

/** A part of what `npm pack --json` prints, in an array or an object of packages. */
interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Unpacks it into the `node_modules` of a project, beside the peer. Returns the folder of the project. */
export async function unpackTarball({ path, folder }: Tarball): Promise<string> {
  const modules = join(folder, 'project', 'node_modules');
  await mkdir(join(modules, 'edge-accounts'), { recursive: true });
  await run('tar', ['-xzf', path, '-C', join(modules, 'edge-accounts'), '--strip-components', '1']);
  await symlink(join(root, 'node_modules', 'hono'), join(modules, 'hono'));
  return join(folder, 'project');
}

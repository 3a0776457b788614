import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Metafile } from 'esbuild';

/** The Worker as `wrangler deploy` uploads it. */
export interface Bundle extends Weight {
  readonly code: string;
  /** The packages, the heaviest first. */
  readonly packages: readonly PackageWeight[];
}

interface Weight {
  /** The minified size. */
  readonly bytes: number;
  /** The size of this part alone, compressed as wrangler does to report an upload. */
  readonly gzipBytes: number;
}

export interface PackageWeight extends Weight {
  /** The name of the package; `src` for our own code. */
  readonly name: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const wrangler = `${root}node_modules/wrangler/bin/wrangler.js`;
const run = promisify(execFile);

/** The share by which the source map's size of a package may differ from esbuild's. */
const MAP_TOLERANCE = 0.02;

/** Bundles the Worker with wrangler, as for a deployment. */
export async function bundleAsDeployed(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-bundle-'));
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  try {
    const args = ['deploy', '--dry-run', '--outdir', folder, '--metafile', join(folder, 'meta.json')];
    const env = { ...process.env, WRANGLER_HIDE_BANNER: 'true' };
    await run(process.execPath, [wrangler, ...args], { cwd: root, env });
    const code = await read('index.js');
    const map = new SourceMap(JSON.parse(await read('index.js.map')) as SourceMapPayload);
    const stated = bytesByPackage(JSON.parse(await read('meta.json')) as Metafile);
    const packages = weighPackages(splitByPackage(code, map), stated);
    return { code, ...weigh(code), packages };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function weigh(code: string): Weight {
  return { bytes: Buffer.byteLength(code), gzipBytes: gzipSync(code).length };
}

/** The bytes of each package in the bundle, as esbuild reports them. */
function bytesByPackage({ outputs }: Metafile): Map<string, number> {
  const bytes = new Map<string, number>();
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  for (const [path, { bytesInOutput }] of inputs) {
    const name = packageOf(path);
    if (bytesInOutput > 0) bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return bytes;
}

function weighPackages(parts: Map<string, string>, stated: Map<string, number>): PackageWeight[] {
  const weights = [...stated].map(([name, bytes]) => {
    const part = weigh(parts.get(name) ?? '');
    if (Math.abs(part.bytes - bytes) > bytes * MAP_TOLERANCE)
      throw new Error(`the source map shows ${part.bytes} of the ${bytes} bytes of ${name}`);
    return { name, bytes, gzipBytes: part.gzipBytes };
  });
  return weights.sort((a, b) => b.gzipBytes - a.gzipBytes);
}

/** The code of each package, joined. */
function splitByPackage(code: string, map: SourceMap): Map<string, string> {
  const parts = new Map<string, string[]>();
  let current: string[] = [];
  for (const [number, line] of code.split('\n').entries()) {
    for (const [column, character] of line.split('').entries()) {
      const entry = map.findEntry(number, column);
      if ('originalSource' in entry) current = partOf(parts, packageOf(entry.originalSource));
      current.push(character);
    }
  }
  return new Map([...parts].map(([name, part]) => [name, part.join('')]));
}

function partOf(parts: Map<string, string[]>, name: string): string[] {
  const part = parts.get(name) ?? [];
  parts.set(name, part);
  return part;
}

function packageOf(path: string): string {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  // The source maps of drizzle-orm leave out its own folder.
  return name === 'src' ? 'drizzle-orm' : (name ?? 'src');
}

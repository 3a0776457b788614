import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { describe } from '../../local/describe.ts';
import { bundleAsDeployed } from '../budget/bundle.ts';
import manifest from '../../package.json' with { type: 'json' };

const SUFFIX = '.js.gz';
const FOLDER = new URL('.', import.meta.url);

/** The versions whose Worker is kept here, so that tests can run it on a newer schema. */
export const keptReleases = readdirSync(FOLDER)
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));

/** The Worker of a kept version, as one module. */
export function readRelease(version: string): string {
  return gunzipSync(readFileSync(new URL(`${version}${SUFFIX}`, FOLDER))).toString();
}

/** Keeps the Worker of a version in `folder`. Throws one sentence when there is one of this version already. */
export function keepRelease(version: string, code: string, folder = FOLDER): string {
  const file = fileURLToPath(new URL(`${version}${SUFFIX}`, folder));
  try {
    writeFileSync(file, gzipSync(code, { level: 9 }), { flag: 'wx' });
  } catch (error) {
    if (!existsSync(file)) throw error;
    throw new Error(`${file} exists; delete it first if the version ${version} is not published yet.`, {
      cause: error,
    });
  }
  return file;
}

// Run as a script, it keeps the Worker of the present source under the version of package.json.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { code } = await bundleAsDeployed();
    console.log(`kept ${keepRelease(manifest.version, code)}`);
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  }
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { bundleAsDeployed } from '../budget/bundle.ts';
import manifest from '../../package.json' with { type: 'json' };

const SUFFIX = '.js.gz';
const fileOf = (version: string) => new URL(`./${version}${SUFFIX}`, import.meta.url);

/** The versions whose Worker is kept here, so that tests can run it on a newer schema. */
export const keptReleases = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));

/** The Worker of a kept version, as one module. */
export function readRelease(version: string): string {
  return gunzipSync(readFileSync(fileOf(version))).toString();
}

// Run as a script, it keeps the Worker of the present source under the version of package.json.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { code } = await bundleAsDeployed();
  const file = fileOf(manifest.version);
  writeFileSync(file, gzipSync(code, { level: 9 }));
  console.log(`kept ${fileURLToPath(file)}`);
}

import { readFileSync } from 'node:fs';

// The folder above is that of the package, for the source as for what is built.
const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

export const { version } = JSON.parse(manifest) as { readonly version: string };

// This file is plain JavaScript that any Node runs, so that an old Node or a missing install ends in a sentence and not
// in a syntax error.
import { existsSync, readFileSync } from 'node:fs';

// The first version of Node that runs TypeScript files directly.
const LEAST_NODE = [22, 18];

function refuse(reason) {
  console.error(`Edge Accounts cannot start: ${reason}`);
  process.exit(1);
}

function requirePackages() {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url)),
  );
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const missing = names.filter((name) => !existsSync(new URL(`../node_modules/${name}`, import.meta.url)));
  if (missing.length === names.length) refuse('its packages are not installed; run "npm ci" first.');
  if (missing.length > 0) refuse(`packages such as ${missing[0]} are not installed; run "npm ci" first.`);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  refuse(`Node ${process.versions.node} is too old; "npm run dev" brings its own.`);
}

requirePackages();
requireNode();
await import('./dev.ts');

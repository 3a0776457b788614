// Plain JavaScript that any Node runs, so that a missing install is a sentence and not a syntax error.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../node_modules/miniflare', import.meta.url))) {
  console.error('Edge Accounts cannot start: its packages are not installed; run "npm ci" first.');
  process.exit(1);
}
await import('./dev.ts');

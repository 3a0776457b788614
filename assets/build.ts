import { randomUUID } from 'node:crypto';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

// The Worker serves this folder: its own files, and the script of the reference that this module adds.
const ASSETS = fileURLToPath(new URL('public/', import.meta.url));

// Scalar's plugin for Fastify contains the whole reference as one script. The package of the reference itself would
// install 285 packages.
const SCALAR = new URL('../node_modules/@scalar/fastify-api-reference/', import.meta.url);
const SCRIPT = `${ASSETS}docs/scalar.js`;
// Drafts are written outside of the served folder, so that none is served or packed.
const DRAFTS = fileURLToPath(new URL('./', import.meta.url));
const SCRIPT_ROUTE = '/docs/js/scalar.js';
// Zod would try whether the page may evaluate text, and its policy would report a violation.
const SETTINGS = 'globalThis.__zod_globalConfig = { jitless: true };\n';

/** Writes the script of the reference to the served folder, unless that has it in the installed version. */
export async function buildAssets(): Promise<void> {
  const { version } = JSON.parse(await readFile(new URL('package.json', SCALAR), 'utf8')) as {
    version: string;
  };
  const licence = (await readFile(new URL('LICENSE', SCALAR), 'utf8')).replaceAll('*/', '* /');
  const head = `/* Scalar API reference ${version}, https://github.com/scalar/scalar\n\n${licence}*/\n${SETTINGS}`;
  if (await beginsWith(SCRIPT, head)) return;
  const script = (await readScript()).replace(/\/\/# sourceMappingURL=\S+\s*$/, '');
  // Several processes may write at once, and none may read half of the file.
  const draft = `${DRAFTS}scalar.js.${randomUUID()}`;
  await writeFile(draft, head + script);
  await rename(draft, SCRIPT);
}

async function beginsWith(path: string, text: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (!file) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(Buffer.byteLength(text)) });
  await file.close();
  return buffer.toString() === text;
}

interface Plugin {
  default(to: object, options: object, done: () => void): void;
}

interface PluginRoute {
  readonly url: string;
  handler(request: null, reply: object): string;
}

// The plugin answers the script to a route, so this stands in for the server that it adds its routes to.
async function readScript(): Promise<string> {
  const routes: PluginRoute[] = [];
  const server = { route: (route: PluginRoute) => void routes.push(route), hasPlugin: () => false };
  const { default: addRoutes }: Plugin = await import('@scalar/fastify-api-reference');
  addRoutes(server, { routePrefix: '/docs', configuration: { url: '/openapi.json' } }, () => {});
  const reply = { header: () => reply, send: (script: string) => script };
  const found = routes.find(({ url }) => url === SCRIPT_ROUTE);
  if (!found) throw new Error(`@scalar/fastify-api-reference has no route ${SCRIPT_ROUTE}`);
  return found.handler(null, reply);
}

if (import.meta.main) await buildAssets();

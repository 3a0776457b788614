import { build } from 'esbuild';

/** Bundles a Worker into one module, by the conditions under which the platform resolves packages. */
export async function bundleWorker(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    define: { 'navigator.userAgent': '"Cloudflare-Workers"', 'process.env.NODE_ENV': '"development"' },
    logLevel: 'silent',
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`${entryPoint} gave no bundle`);
  return file.text;
}

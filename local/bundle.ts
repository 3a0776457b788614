import { build, type BuildFailure } from 'esbuild';

/** Bundles a Worker into one module, by the conditions under which the platform resolves packages. Throws one sentence. */
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
  }).catch((error: unknown) => {
    throw isBuildFailure(error) ? new Error(describeFailure(error), { cause: error }) : error;
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`${entryPoint} gave no bundle`);
  return file.text;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error;
}

function describeFailure({ errors: [first, ...others], message }: BuildFailure): string {
  if (!first) return message;
  const { location, text } = first;
  const place = location ? `${location.file}:${location.line}:${location.column + 1}: ` : '';
  return `${place}${text}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

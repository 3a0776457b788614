import { readFile, writeFile } from 'node:fs/promises';
import { measureStartup, type Startup } from '../../bench/startup.ts';
import { type Bundle, bundleAsDeployed } from './bundle.ts';

const PAGE = new URL('../../docs/performance.md', import.meta.url);
const SECTION = /(<!-- weight: npm run docs:bundle -->\n)([^]*?)(<!-- \/weight -->)/;
const TOTAL = /^\| all of it +\| +([\d.]+) \| +([\d.]+) \|/m;

const PURPOSES: Readonly<Record<string, string>> = {
  src: 'this service, its SQL and its Lua',
  zod: 'schemas of requests, answers and settings',
  'drizzle-orm': 'SQL',
  '@neondatabase/serverless': 'Postgres',
  '@upstash/redis': 'Redis',
  hono: 'routes',
  jose: 'tokens of Cloudflare Access',
  'lru-cache': 'isolate memory',
  uncrypto: 'digests, for the client of Redis',
};

/** The total that docs/performance.md states, in bytes. */
export async function readStatedWeight(): Promise<{ bytes: number; gzipBytes: number }> {
  const section = SECTION.exec(await readFile(PAGE, 'utf8'))?.[2] ?? '';
  const [, minified, compressed] = TOTAL.exec(section) ?? [];
  return { bytes: Number(minified) * 1_000, gzipBytes: Number(compressed) * 1_000 };
}

async function writeSection(): Promise<void> {
  const bundle = await bundleAsDeployed();
  const startup = await measureStartup(bundle.code);
  const present = await readFile(PAGE, 'utf8');
  if (!SECTION.test(present)) throw new Error('docs/performance.md has no section of weights');
  const body = `\n${table(bundle)}\n\n${sentence(startup)}\n\n`;
  await writeFile(
    PAGE,
    present.replace(SECTION, (_, begin: string, _old, end: string) => begin + body + end),
  );
}

function table({ packages, bytes, gzipBytes }: Bundle): string {
  const rows = packages.map(({ name, ...weight }) =>
    row(name === 'src' ? '`src/`' : name, weight, PURPOSES[name] ?? ''),
  );
  return [
    '| package | minified, kB | compressed, kB | for |',
    '| --- | ---: | ---: | --- |',
    ...rows,
    row('all of it', { bytes, gzipBytes }, ''),
  ].join('\n');
}

function row(name: string, weight: { bytes: number; gzipBytes: number }, purpose: string): string {
  return `| ${name} | ${toKb(weight.bytes)} | ${toKb(weight.gzipBytes)} | ${purpose} |`;
}

const toKb = (bytes: number): string => (bytes / 1_000).toFixed(1);

function sentence({ cpuMs, wallMs, starts, workerdVersion }: Startup): string {
  const time = cpuMs === null ? `${wallMs} ms on the clock` : `${Math.round(cpuMs)} ms of CPU time`;
  return `workerd ${workerdVersion} compiles and evaluates it in ${time}: the median of ${starts} starts on the machine that wrote this table.`;
}

if (import.meta.main) await writeSection();

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PATIENTLY } from '../support/scale.ts';
import { type Block, ROOT } from './blocks.ts';

/** A whole block of `sh`, or one command of a `console` block. */
export interface Step {
  readonly name: string;
  readonly script: string;
  /** The output that the page states; null if it states none. */
  readonly expected: string | null;
}

export interface Outcome {
  readonly output: string;
  /** The commands that ended with a status other than 0, curl's at a 4xx or 5xx included, and what was printed as errors. */
  readonly failed: string;
}

/** A test that ran these would run itself, or wait for a registry. */
const NEVER_RUN = /^(?:\$ )?(?:\w+=\S* )*(?:npm|npx) /m;

export function stepsOf({ page, line, language, text }: Block): Step[] {
  const name = `${page}:${line}`;
  if (NEVER_RUN.test(text)) throw new Error(`${name} runs npm, and is not marked no-run`);
  if (language === 'sh') return [{ name, script: text, expected: null }];
  const commands = text.split(/^\$ /m).slice(1);
  if (commands.length === 0) throw new Error(`${name} has no command that begins with $`);
  return commands.map((command) => {
    const [, script = '', expected = ''] = /^((?:.*\\\n)*.*\n)([^]*)$/.exec(command) ?? [];
    return { name: `${name} ${script.trim()}`, script, expected: expected.trim() };
  });
}

/** Runs the steps of one page in one shell, so that a later one has the variables of those before it. */
export async function runSteps(
  steps: readonly Step[],
  portsByPrinted: Readonly<Record<number, number>>,
): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-pages-'));
  try {
    await writeFile(join(folder, '.curlrc'), curlSettings(portsByPrinted));
    await writeFile(join(folder, 'page.sh'), pageScript(folder, steps));
    const env = { PATH: process.env['PATH'], HOME: folder, CURL_HOME: folder };
    const options = { cwd: ROOT, env, ...PATIENTLY };
    await promisify(execFile)('bash', ['--noprofile', '--norc', join(folder, 'page.sh')], options);
    return steps.map((_, at) => ({
      output: readFileSync(join(folder, `${at}.out`), 'utf8').trim(),
      failed: readIfThere(join(folder, `${at}.failed`)) + readIfThere(join(folder, `${at}.err`)),
    }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The pages print the ports of `npm run dev`. The last rule keeps every other request on this machine, where it fails. */
function curlSettings(portsByPrinted: Readonly<Record<number, number>>): string {
  const rules = Object.entries(portsByPrinted).map(([from, to]) => `connect-to = ":${from}:127.0.0.1:${to}"`);
  return [...rules, 'connect-to = "::127.0.0.1:9"', 'silent', 'show-error', 'fail-with-body', ''].join('\n');
}

function pageScript(folder: string, steps: readonly Step[]): string {
  const parts = steps.map(
    ({ script }, at) => `page_step=${folder}/${at}\n{\n${script}\n} >$page_step.out 2>$page_step.err`,
  );
  return [
    'set -E -o pipefail',
    `trap 'echo "$BASH_COMMAND" >>$page_step.failed' ERR`,
    ...parts,
    'true',
    '',
  ].join('\n');
}

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** True if the output is as the page says. `…` stands for any text, and times and ids of requests may differ. */
export function isAsPrinted(expected: string, output: string): boolean {
  const plain = (text: string) => text.replaceAll('\r', '').replaceAll(TIME, 'TIME').replaceAll(ID, 'ID');
  const literal = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const pattern = plain(expected).split('…').map(literal).join('[^]*?');
  return new RegExp(`^${pattern}$`).test(plain(output));
}

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io, Sink } from '../../cli/io.ts';
import { run } from '../../cli/run.ts';

/** The things that a test decides about the world of a command line. */
export interface World {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The home directory; by default one that is not there. */
  readonly home?: string;
  /** The width of the terminal; without it nobody is at one. */
  readonly columns?: number;
  /** The answers of the user, question by question. */
  readonly typed?: readonly string[];
  readonly stdin?: string;
  readonly fetch?: Io['fetch'];
  readonly nowMs?: number;
  readonly interrupted?: AbortSignal;
  /** Called after each write to stdout. */
  readonly onPrint?: (soFar: string) => void;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The questions that were asked, those for what is typed unseen in brackets. */
  readonly questions: readonly string[];
  readonly opened: readonly string[];
}

/** Runs something with a home directory, which is gone afterwards. */
export async function withHome<T>(act: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'edge-accounts-cli-'));
  try {
    return await act(home);
  } finally {
    await rm(home, { recursive: true });
  }
}

/** Runs a command line in this process. */
export async function runWith(argv: readonly string[], world: World = {}): Promise<Outcome> {
  const [stdout, stderr, questions, opened] = [[], [], [], []] as [string[], string[], string[], string[]];
  const typed = [...(world.typed ?? [])];
  const answer = (question: string) => {
    questions.push(question);
    return Promise.resolve(typed.shift() ?? null);
  };
  const { columns = null } = world;
  const sink = (texts: string[], onWrite: () => void = () => {}): Sink => ({
    write(text) {
      texts.push(text);
      onWrite();
      return Promise.resolve();
    },
    isTerminal: columns !== null,
    columns,
  });
  const code = await run(argv, {
    env: world.env ?? {},
    platform: 'linux',
    home: world.home ?? join(tmpdir(), randomUUID()),
    stdout: sink(stdout, () => world.onPrint?.(stdout.join(''))),
    stderr: sink(stderr),
    now: () => world.nowMs ?? Date.now(),
    sleep: () => Promise.resolve(),
    ask: answer,
    askHidden: (question) => answer(`[${question}]`),
    readStdin: () => Promise.resolve(world.stdin ?? null),
    fetch: world.fetch ?? (() => Promise.reject(new TypeError('fetch failed'))),
    openPage: (url) => Promise.resolve(opened.push(url) > 0),
    interrupted: world.interrupted ?? new AbortController().signal,
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join(''), questions, opened };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { Writable } from 'node:stream';
import type { Io, Sink } from './io.ts';

/** The world of this process. */
export function processIo(): Io {
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  return {
    env: process.env,
    platform: process.platform,
    home: homedir(),
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    now: () => Date.now(),
    async sleep(ms, signal) {
      await wait(ms, undefined, { signal }).catch(() => {});
    },
    ask: (question) => ask(question, process.stderr, interruption.signal),
    async askHidden(question) {
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      const answer = ask('', nowhere, interruption.signal);
      // From now on the terminal shows nothing of what is typed.
      if (process.stdin.isTTY) process.stderr.write(question);
      return answer.finally(() => {
        if (process.stdin.isTTY) process.stderr.write('\n');
      });
    },
    readStdin: async () => (process.stdin.isTTY ? null : text(process.stdin)),
    fetch: (url, init) => fetch(url, init),
    openPage,
    interrupted: interruption.signal,
  };
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return {
    async write(chunk) {
      if (!stream.write(chunk)) await once(stream, 'drain');
    },
    isTerminal: stream.isTTY,
    // A terminal may change its width while a command runs.
    get columns() {
      return (stream.isTTY && stream.columns) || null;
    },
  };
}

async function ask(question: string, output: NodeJS.WritableStream, signal: AbortSignal) {
  if (!process.stdin.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // The terminal hands Ctrl-C to the reader of lines, not to the process.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

function openPage(url: string): Promise<boolean> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.unref();
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('spawn', () => resolve(true));
  });
}

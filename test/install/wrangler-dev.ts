import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { quietEnv, root } from './project.ts';

const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
const READY = /Ready on (http:\/\/[\d.]+:\d+)/;

/** Workers under `wrangler dev`. Only the first one is served. */
export interface Dev {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts the Workers of these folders in one `wrangler dev`. Throws with its output when it ends before they are ready. */
export async function startDev(folder: string, workers: readonly string[]): Promise<Dev> {
  const configs = workers.flatMap((name) => ['-c', `${name}/wrangler.toml`]);
  const options = ['--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0'];
  const child = spawn(process.execPath, [wrangler, 'dev', ...configs, ...options], {
    cwd: folder,
    env: quietEnv(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const close = async () => {
    child.kill();
    await ended;
  };
  let output = '';
  const ready = new Promise<string>((resolve) => {
    const hear = (text: Buffer) => {
      output += text.toString();
      const origin = READY.exec(output)?.[1];
      if (origin !== undefined) resolve(origin);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
  });
  const origin = await Promise.race([ready, ended.then(() => null)]);
  if (origin === null) throw new Error(`wrangler dev has ended:\n${output}`);
  return { origin, close };
}

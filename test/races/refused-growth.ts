import { afterEach, beforeEach, vi } from 'vitest';
import type { Script } from '../../src/cache/shared/scripts/script.ts';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import type { TestStack } from '../support/stack.ts';

// A full Redis under noeviction refuses writes of a script that has written nothing yet. It still allows deletes.
const preludeFor = (keyPart: string) => `
local store, OOM = redis, "OOM command not allowed when used memory > 'maxmemory'."
local function is_refused(name, key)
  return (name == 'SET' or name == 'HSET') and string.find(key, '${keyPart}', 1, true)
end
local redis = {
  call = function(name, ...)
    if is_refused(name, ...) then error(OOM) end
    return store.call(name, ...)
  end,
  pcall = function(name, ...)
    if is_refused(name, ...) then return { err = OOM } end
    return store.pcall(name, ...)
  end,
}
`;

type Command = readonly [name: string, script: string, ...rest: unknown[]];

export interface GrowthRefusal {
  /** Lets the scripts of the stack's Workers find Redis full for keys with that part. Returns a function that ends this. */
  begin(stack: TestStack, keyPart: string): () => void;
}

/** Emulates a full Redis where there is none of the test's own. */
export function useGrowthRefusal(): GrowthRefusal {
  let prelude: { readonly redisUrl: string; readonly text: string } | undefined;
  // Below whatever holds requests: one that is held finds Redis as it is when it is let go.
  beforeEach(() => {
    const { fetch: passOn } = globalThis;
    vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
      const isRefused = prelude !== undefined && input.startsWith(prelude.redisUrl);
      if (!isRefused || typeof init?.body !== 'string') return passOn(input, init);
      return passOn(input, { ...init, body: await withPrelude(init.body, prelude?.text ?? '') });
    });
  });
  afterEach(() => void vi.unstubAllGlobals());
  return {
    begin({ env }, keyPart) {
      prelude = { redisUrl: env.UPSTASH_REDIS_REST_URL, text: preludeFor(keyPart) };
      return () => void (prelude = undefined);
    },
  };
}

async function withPrelude(body: string, prelude: string): Promise<string> {
  // Only the Worker under test writes these: one command, or several of a pipeline.
  const commands = JSON.parse(body) as Command | Command[];
  const textOf = new Map<string, string>();
  for (const script of Object.values<Script>(scripts)) textOf.set(await script.sha1(), script.text);
  const rewrite = ([, script, ...rest]: Command) => [
    'eval',
    prelude + (textOf.get(script) ?? script),
    ...rest,
  ];
  return JSON.stringify(isPipeline(commands) ? commands.map(rewrite) : rewrite(commands));
}

function isPipeline(commands: Command | Command[]): commands is Command[] {
  return Array.isArray(commands[0]);
}

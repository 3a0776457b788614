import { sha1Of } from '../../../lib/hash.ts';

/** A Lua script and the SHA-1 that EVALSHA asks for. */
export interface Script {
  readonly text: string;
  /** Resolves to the digest; computed once per isolate and kept as a value, never as a promise of one request. */
  sha1(): Promise<string>;
}

export function makeScript(text: string): Script {
  let known: string | undefined;
  return { text, sha1: async () => (known ??= await sha1Of(text)) };
}

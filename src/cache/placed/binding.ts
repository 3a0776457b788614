import type { Seal } from '../shared/seal.ts';

/** A service binding. */
export interface Binding {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** The origin Worker answered with a status that is no success; the code is that status. */
class OriginWorkerError extends Error {
  override readonly name = 'OriginWorkerError';
  readonly code: string;

  constructor(status: number) {
    super(`the origin Worker answered with status ${status}`);
    this.code = `${status}`;
  }
}

/** A service binding goes by its name alone, but `fetch` wants a URL. */
const URL_OF_BINDING = 'https://origin-worker/';

/** Sends calls over the binding. They are signed, so that a Worker that strangers can reach by mistake answers them nothing. */
export function sendOver(binding: Binding, seal: Seal, deadlineMs: number) {
  return async (call: string): Promise<unknown> => {
    const response = await binding.fetch(URL_OF_BINDING, {
      method: 'POST',
      headers: { Authorization: await seal.sign(call) },
      body: call,
      signal: AbortSignal.timeout(deadlineMs),
    });
    if (response.ok) return response.json();
    // An unread body would hold its connection.
    await response.body?.cancel();
    throw new OriginWorkerError(response.status);
  };
}

/** The binding of that name; undefined if there is none. */
export function bindingOf(env: object, name: string): Binding | undefined {
  // wrangler's types know only the bindings of wrangler.toml, and this one is up to each deployment.
  const binding = (env as Readonly<Record<string, unknown>>)[name];
  return typeof binding === 'object' && binding !== null && 'fetch' in binding
    ? (binding as Binding)
    : undefined;
}

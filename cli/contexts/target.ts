import { usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { type Context, readContexts } from './config-file.ts';

/** The service that a command asks, and the key that it presents. */
export type Target = Context;

interface TargetFlags {
  readonly context?: string | undefined;
  readonly url?: string | undefined;
}

/** By the options, then by the environment, then by the current context. */
export async function findTarget(io: Io, { context, url }: TargetFlags): Promise<Target> {
  if (context !== undefined) return namedContext(io, context);
  const given = url ?? io.env['EDGE_ACCOUNTS_URL'];
  const key = io.env['EDGE_ACCOUNTS_KEY'];
  if (given && key) return { url: parseUrl(given), key };
  if (given) {
    throw usageFailure('There is a URL but no key.', 'Set EDGE_ACCOUNTS_KEY too, or use a context alone.');
  }
  const { current } = await readContexts(io);
  if (current !== null) return namedContext(io, current);
  throw usageFailure(
    'No service is chosen.',
    'Run `edge-accounts context add <name> --url <url>`, or set EDGE_ACCOUNTS_URL and EDGE_ACCOUNTS_KEY.',
  );
}

async function namedContext(io: Io, name: string): Promise<Target> {
  const { contexts } = await readContexts(io);
  return requireContext(contexts, name);
}

export function requireContext(contexts: Readonly<Record<string, Context>>, name: string): Context {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found) return found;
  throw usageFailure(`There is no context "${name}".`, '`edge-accounts context list` names them.');
}

const LOCAL = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/** The origin of a service. A key goes over HTTPS, or stays on this machine. */
export function parseUrl(text: string): string {
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL.test(url.hostname));
  if (!url || !isSafe) throw usageFailure(`"${text}" is not the https URL of a service.`);
  if (url.username || url.password) throw usageFailure('A URL of a service holds no key and no password.');
  return url.origin;
}

import { failureOf } from '../api/problem.ts';
import type { Session } from '../api/session.ts';
import { defineCommand } from '../command/command.ts';
import { onOff } from '../command/flags.ts';
import { EXIT, Failure, usageFailure } from '../failure.ts';
import { harmless } from '../output/text.ts';
import { forgetEverything } from './everything.ts';
import { PATH } from './explain.ts';

export const invalidateCache = defineCommand({
  name: 'cache invalidate',
  summary: 'Drops what the caches hold for a read, and reads it anew from Postgres.',
  args: { path: PATH },
  optional: 'path',
  flags: { everything: onOff('Drop all that is cached, by way of the database of DATABASE_URL.') },
  examples: ['cache invalidate /v1/users/3', 'cache invalidate --everything'],
  page: 'docs/look-ups.md',
  async run({ args, flags: { everything }, output, io, session }) {
    if (everything === (args.path !== '')) throw usageFailure('Give either a path or --everything.');
    if (everything) return forgetEverything(io, output);
    if (!args.path.startsWith('/v1/')) throw usageFailure('A path begins with /v1/.');
    const status = await readAnew(await session(), args.path);
    await output.show({ path: args.path, cacheStatus: status }, [
      `${harmless(args.path)}   read anew from Postgres`,
      `  ${harmless(status)}`,
    ]);
  },
});

/** Answers `Cache-Status`, which tells whether the caches were passed by. */
async function readAnew(session: Session, path: string): Promise<string> {
  const response = await session.send(path, { headers: { 'Cache-Control': 'no-cache' } });
  const body = response.ok || response.status === 404 ? await response.clone().text() : '';
  const status = response.headers.get('Cache-Status') ?? '';
  // That there is no such thing is an answer of Postgres too, and the caches keep it.
  if (!response.ok && !(response.status === 404 && status !== '')) throw await failureOf(response);
  if (body !== '' && /\bhit\b/.test(status)) {
    throw new Failure(
      EXIT.notAllowed,
      'The key lacks the scope cache:invalidate: a cache answered.',
      '`edge-accounts whoami` shows what the key may do.',
    );
  }
  return status;
}

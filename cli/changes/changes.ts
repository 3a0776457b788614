import { bodyOf } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, many, oneOf, onOff, PAGES, text } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import type { Change } from '../../src/shapes/change.ts';
import { EXIT, Failure, usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output/output.ts';
import { lineOf } from './change.ts';

const MAX_PAGE = 500;
/** The longest wait of the service for a change. */
const WAIT_S = '20';
/** Between two attempts while the service is away. */
const RETRY_MS = 2_000;

export const changes = defineCommand({
  name: 'changes',
  summary: 'Lists every change of accounts, users and profiles, in order.',
  args: {},
  flags: {
    kind: many(oneOf('Changes of this kind.', ['account', 'user', 'user_profile'], FILTERS)),
    follow: onOff('Wait for further changes, from now on or from --after, until Ctrl-C.', PAGES, 'f'),
    after: text(
      'Go on from here, which the end of an earlier run printed; `latest` is now.',
      'cursor',
      PAGES,
    ),
    ...pageFlags,
  },
  examples: ['changes --limit 10', 'changes --kind account --all --jsonl'],
  page: 'docs/changes.md',
  async run({ flags: { kind, follow, after, limit, all }, output, io, session }) {
    if (follow && output.format === 'json') throw usageFailure('--follow has no end: use --jsonl.');
    if (follow && (limit ?? all) !== undefined) throw usageFailure('--follow excludes --limit and --all.');
    const feed = makeFeed(await session(), kind, after ?? (follow ? 'latest' : null));
    const pages = follow ? followed(feed, io, output) : upTo(feed, limit ?? (all ? Infinity : 100));
    await showChanges(pages, output);
    const end = feed.cursor();
    if (end !== null) await output.say(`Go on from here: edge-accounts changes --after ${end}`);
  },
});

interface Feed {
  /** The end of what has been read; null before anything has. */
  cursor(): string | null;
  /** The next changes. Without any of them the cursor may move all the same, past changes that the key does not see. */
  next(limit: number, isWaiting: boolean): Promise<readonly Change[]>;
}

function makeFeed({ client }: Session, kinds: readonly string[] | undefined, from: string | null): Feed {
  let cursor = from;
  return {
    cursor: () => cursor,
    async next(limit, isWaiting) {
      const query = {
        limit: String(Math.min(limit, MAX_PAGE)),
        kinds: kinds?.join(','),
        ...(cursor !== null && { after: cursor }),
        ...(isWaiting && { wait: WAIT_S }),
      };
      const { items, nextCursor } = await bodyOf(client.v1.changes.$get({ query }));
      cursor = nextCursor;
      return items;
    },
  };
}

async function* upTo(feed: Feed, limit: number): AsyncGenerator<readonly Change[]> {
  let left = limit;
  while (left > 0) {
    const before = feed.cursor();
    const items = await feed.next(left, false);
    if (feed.cursor() === before) return;
    yield items;
    left -= items.length;
  }
}

/** Ends when the user interrupts it. An outage is waited for: the cursor loses nothing. */
async function* followed(feed: Feed, io: Io, output: Output): AsyncGenerator<readonly Change[]> {
  while (!io.interrupted.aborted) {
    const items = await feed.next(MAX_PAGE, feed.cursor() !== 'latest').catch(async (error: unknown) => {
      if (io.interrupted.aborted) return [];
      if (!(error instanceof Failure) || error.exitCode !== EXIT.unavailable) throw error;
      await output.say(`${error.message} Trying again.`);
      await io.sleep(RETRY_MS, io.interrupted);
      return [];
    });
    yield items;
  }
}

async function showChanges(pages: AsyncIterable<readonly Change[]>, output: Output): Promise<void> {
  if (output.format !== 'people') return output.showList(pages, []);
  for await (const items of pages) {
    if (items.length > 0) await output.print(items.map(lineOf).join('\n'));
  }
}

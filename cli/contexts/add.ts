import { openSession } from '../api/session.ts';
import { defineCommand } from '../command/command.ts';
import { onOff, required, SAFETY, text } from '../command/flags.ts';
import { usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { identify } from '../whoami/identity.ts';
import { sentenceOfRights } from '../whoami/sentence.ts';
import { readContexts, writeContexts } from './config-file.ts';
import { parseUrl } from './target.ts';

const NAME = /^[\w.-]{1,50}$/;

export const addContext = defineCommand({
  name: 'context add',
  summary: 'Saves a service and a key under a name, and makes it the current context.',
  args: { name: 'A name of your choice.' },
  flags: {
    url: required(text('Origin of the service, such as https://accounts.example.com.', 'url', 'Service:')),
    unchecked: onOff('Save the key without asking the service about it.', SAFETY),
  },
  examples: [
    'context add local --url http://127.0.0.1:8787',
    'context add staging --url http://127.0.0.1:8787 --unchecked',
  ],
  page: 'docs/cli.md',
  isLocal: true,
  async run({ args: { name }, flags, output, io }) {
    if (!NAME.test(name)) throw usageFailure('A name has letters, digits, dots and dashes, 50 at most.');
    const context = { url: parseUrl(flags.url), key: await takeKey(io) };
    const identity = flags.unchecked ? null : await identify(openSession(context, io, output));
    const { contexts } = await readContexts(io);
    await writeContexts(io, { current: name, contexts: { ...contexts, [name]: context } });
    const rights = identity === null ? 'the key was not checked' : sentenceOfRights(identity);
    await output.show({ name, url: context.url, ...identity }, [
      `Saved. "${name}" is the current context; ${rights}.`,
    ]);
  },
});

/** From a person who types it unseen, or from stdin: an argument would be seen by every process of the machine. */
async function takeKey(io: Io): Promise<string> {
  const typed = (await io.askHidden('Key (hidden): ')) ?? (await io.readStdin()) ?? '';
  const key = typed.trim();
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw usageFailure('There is no key.', 'Type it when you are asked, or send it to stdin.');
}

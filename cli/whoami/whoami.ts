import { defineCommand } from '../command/command.ts';
import { harmless } from '../output/text.ts';
import { identify } from './identity.ts';
import { sentenceOfRights } from './sentence.ts';

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Says which service is asked, by which key, and what the key may do.',
  args: {},
  flags: {},
  examples: ['whoami', 'whoami --json'],
  page: 'docs/keys.md',
  async run({ output, session }) {
    const identity = await identify(await session());
    const { url, caller, name, accountNumber, expiresAt } = identity;
    await output.show(identity, [
      `${caller}${name === null ? '' : ` (${harmless(name)})`} at ${url}`,
      `  ${sentenceOfRights(identity)}`,
      ...(accountNumber ? [`  it sees the account ${accountNumber} alone`] : []),
      ...(expiresAt ? [`  it expires ${expiresAt}`] : []),
    ]);
  },
});

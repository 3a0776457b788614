import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';
import { KEY, readKey } from './key.ts';

export const getKey = defineCommand({
  name: 'keys get',
  summary: 'Shows what an API key may do, and when it was used.',
  args: { key: KEY },
  flags: {},
  examples: ['keys get 1', 'keys get 1 --json'],
  page: 'docs/keys.md',
  async run({ args, output, session }) {
    const { body } = await readKey(await session(), args.key);
    await output.show(body, fieldLines(body, output.style));
  },
});

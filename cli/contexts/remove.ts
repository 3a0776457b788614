import { defineCommand } from '../command/command.ts';
import { readContexts, writeContexts } from './config-file.ts';
import { requireContext } from './target.ts';

export const removeContext = defineCommand({
  name: 'context remove',
  summary: 'Forgets a context and its key; the key itself stays valid.',
  args: { name: 'The name under which it was saved.' },
  flags: {},
  examples: ['context remove staging', 'context remove local --json'],
  page: 'docs/cli.md',
  isLocal: true,
  async run({ args: { name }, output, io }) {
    const { current, contexts } = await readContexts(io);
    requireContext(contexts, name);
    const { [name]: _removed, ...others } = contexts;
    await writeContexts(io, { current: current === name ? null : current, contexts: others });
    await output.show({ name }, [`Removed "${name}". Its key is still valid: revoke it if it leaked.`]);
  },
});

import { defineCommand } from '../command/command.ts';
import { readContexts, writeContexts } from './config-file.ts';
import { requireContext } from './target.ts';

export const useContext = defineCommand({
  name: 'context use',
  summary: 'Makes a context the current one.',
  args: { name: 'The name under which it was saved.' },
  flags: {},
  examples: ['context use local', 'context use local --quiet'],
  page: 'docs/cli.md',
  isLocal: true,
  async run({ args: { name }, output, io }) {
    const { contexts } = await readContexts(io);
    const { url } = requireContext(contexts, name);
    await writeContexts(io, { current: name, contexts });
    await output.show({ name, url }, [`"${name}" is the current context: ${url}`]);
  },
});

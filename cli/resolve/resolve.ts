import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, oneOf } from '../command/flags.ts';
import { urlLines } from './url-lines.ts';
import { userLines } from './user-lines.ts';

const ACCOUNT_LABEL = /(?:^|\.)\d{4}-\d{4}-\d{4}(?:\.|$)/;

export const resolve = defineCommand({
  name: 'resolve',
  summary: 'Says which account a URL or a user belongs to, and why.',
  args: { urlOrUser: 'A URL, a host with an account number; or an id, username, e-mail or external id.' },
  flags: { as: oneOf('Take it for this.', ['url', 'user'], FILTERS) },
  examples: ['resolve https://hr.1618-0339-8874.api.localhost/', 'resolve both'],
  page: 'docs/look-ups.md',
  async run({ args: { urlOrUser }, flags, output, io, session }) {
    const isUrl = flags.as === undefined ? looksLikeUrl(urlOrUser) : flags.as === 'url';
    const { client } = await session();
    const query = isUrl ? { url: urlOrUser } : { user: urlOrUser };
    const resolved = await bodyOf(client.v1.resolve.$get({ query }));
    const lines =
      'user' in resolved
        ? userLines(resolved, output.style)
        : urlLines(resolved, urlOrUser, { style: output.style, nowMs: io.now() });
    await output.show(resolved, lines);
  },
});

function looksLikeUrl(text: string): boolean {
  return text.includes('://') || ACCOUNT_LABEL.test(text);
}

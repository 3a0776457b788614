import type { Session } from '../api/session.ts';
import { failureOf } from '../api/problem.ts';
import { defineCommand } from '../command/command.ts';
import { harmless } from '../output/text.ts';

/** The steps that the service would take for a read, as far as people are shown it. */
interface Explanation {
  readonly path: string;
  readonly answer: { readonly tier: string | null; readonly because: readonly string[] };
}

/** The description of an argument that names a read. */
export const PATH = 'The path of a read, such as /v1/users/3.';

export const explainCache = defineCommand({
  name: 'cache explain',
  summary: 'Says which tier would answer a read now, and why.',
  args: { path: PATH },
  flags: {},
  examples: ['cache explain /v1/users/3', 'cache explain /v1/accounts/1234-5678-9012/users --json'],
  page: 'docs/operations.md',
  async run({ args, output, session }) {
    const body = await explain(await session(), args.path);
    const { tier, because } = body.answer;
    await output.show(body, [
      `${harmless(body.path)}   ${tier === null ? 'no tier would answer' : `answered by ${tier}`}`,
      ...because.map((reason) => `  ${harmless(reason)}`),
    ]);
  },
});

async function explain(session: Session, path: string): Promise<Explanation> {
  // It explains a read without demands, not one of this command line.
  const headers = { 'Cache-Control': '' };
  const response = await session.send(`/v1/explain?path=${encodeURIComponent(path)}`, { headers });
  if (!response.ok) throw await failureOf(response);
  return (await response.json()) as Explanation;
}

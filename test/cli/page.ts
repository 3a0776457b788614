import { readFileSync, writeFileSync } from 'node:fs';
import { descriptionOf, placeholderOf, spellingOf } from '../../cli/command/build.ts';
import type { AnyCommand } from '../../cli/command/command.ts';
import { commands, nouns } from '../../cli/commands.ts';

const PAGE = 'docs/cli.md';
const SECTION = /(<!-- commands: npm run docs:cli -->\n)[^]*?(<!-- \/commands -->)/;

/** The page as it is, and as the commands require it. */
export function readCliPage(): { present: string; wanted: string } {
  const present = readFileSync(PAGE, 'utf8');
  if (!SECTION.test(present)) throw new Error(`${PAGE} has no section of commands`);
  const wanted = present.replace(
    SECTION,
    (_, begin: string, end: string) => `${begin}\n${describeCommands()}\n\n${end}`,
  );
  return { present, wanted };
}

function describeCommands(): string {
  const alone = commands.filter(({ name }) => !name.includes(' '));
  const groups = Object.entries(nouns).map(([noun, summary]) => {
    const own = commands.filter(({ name }) => name.startsWith(`${noun} `));
    return [`### ${noun}`, summary, ...own.map(describeCommand)].join('\n\n');
  });
  return [...groups, '### Commands of one word', ...alone.map(describeCommand)].join('\n\n');
}

function describeCommand(command: AnyCommand): string {
  const { name, summary, args, flags, examples, page } = command;
  const usage = ['edge-accounts', name, ...Object.keys(args).map((arg) => placeholderOf(command, arg))];
  const described = [
    ...Object.entries(args).map(([arg, text]) => `- \`${placeholderOf(command, arg)}\`: ${text}`),
    ...Object.entries(flags).map(([flag, spec]) => `- \`${spellingOf(flag, spec)}\`: ${descriptionOf(spec)}`),
  ];
  return [
    `#### ${name}`,
    page === PAGE ? summary : `${summary} [More](${page.replace('docs/', '')}).`,
    `\`\`\`text\n${[usage.join(' '), '', ...examples.map((line) => `edge-accounts ${line}`)].join('\n')}\n\`\`\``,
    ...(described.length > 0 ? [described.join('\n')] : []),
  ].join('\n\n');
}

if (import.meta.main) writeFileSync(PAGE, readCliPage().wanted);

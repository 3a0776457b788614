import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { many, oneOf, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { updateRow } from '../rows/update.ts';
import { given } from '../rows/values.ts';
import { expiryFlag, toExpiresAt } from './expiry.ts';
import { KEY, keyParam, readKey, titleOfKey } from './key.ts';
import { SCOPES } from './scopes.ts';

export const updateKey = defineCommand({
  name: 'keys update',
  summary: 'Changes an API key in the state in which it was read.',
  args: { key: KEY },
  flags: {
    name: text('What it is for.'),
    scope: many(oneOf('A right of it; those that are given replace all it had.', SCOPES)),
    expires: expiryFlag,
    ...dryRunFlag,
  },
  examples: ['keys update 1 --name "Side door"', 'keys update 1 --expires 30d --dry-run'],
  page: 'docs/keys.md',
  async run({ args, flags: { name, scope, expires, dryRun }, output, io, session }) {
    const param = keyParam(args.key);
    const opened = await session();
    const scopes = scope && [...scope];
    const json = given({ name, scopes, expiresAt: toExpiresAt(expires, io.now()) });
    await updateRow({
      output,
      isDry: dryRun,
      changes: json,
      read: () => readKey(opened, args.key),
      write: (headers) => bodyOf(opened.client.v1.keys[':keyId'].$patch({ param, json }, { headers })),
      titleOf: titleOfKey,
    });
  },
});

import { ACCOUNT, accountNumberOf } from '../accounts/find.ts';
import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { many, oneOf, required, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { usageFailure } from '../failure.ts';
import { fieldLines } from '../output/fields.ts';
import { given } from '../rows/values.ts';
import { expiryFlag, toExpiresAt } from './expiry.ts';
import { showIssued } from './issued.ts';
import { SCOPES } from './scopes.ts';

export const createKey = defineCommand({
  name: 'keys create',
  summary: 'Creates an API key, and shows it this one time.',
  args: {},
  flags: {
    name: required(text('What it is for.')),
    scope: many(oneOf('A right of it.', SCOPES)),
    account: text(`The only account that it sees; all of them if it is not given. ${ACCOUNT}`, 'account'),
    expires: expiryFlag,
    ...dryRunFlag,
  },
  examples: [
    'keys create --name "Front door" --scope directory:read --account 1234-5678-9012 --expires 90d',
    'keys create --name Console --scope directory:read --scope directory:write --dry-run',
  ],
  page: 'docs/keys.md',
  async run({ flags: { name, scope, account, expires, dryRun }, output, io, session }) {
    if (!scope) throw usageFailure('Give at least one --scope.');
    const opened = await session();
    const accountNumber = account === undefined ? undefined : await accountNumberOf(opened, account);
    const expiresAt = toExpiresAt(expires, io.now());
    const json = { name, scopes: [...scope], ...given({ accountNumber, expiresAt }) };
    if (dryRun) {
      await output.say('This would be created:');
      return output.show(json, fieldLines(json, output.style));
    }
    await showIssued(await bodyOf(opened.client.v1.keys.$post({ json })), output, io);
  },
});

import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { usageFailure } from '../failure.ts';
import { given } from '../rows/values.ts';
import { showIssued } from './issued.ts';
import { KEY, keyParam, readKey, titleOfKey } from './key.ts';

export const rotateKey = defineCommand({
  name: 'keys rotate',
  summary: 'Gives an API key another secret, and shows it this one time.',
  args: { key: KEY },
  flags: {
    graceSeconds: text('How long the secret until now stays good; a day if it is not given.', 'seconds'),
    ...dryRunFlag,
  },
  examples: ['keys rotate 1 --dry-run', 'keys rotate 1 --grace-seconds 3600'],
  page: 'docs/keys.md',
  async run({ args, flags: { graceSeconds, dryRun }, output, io, session }) {
    const param = keyParam(args.key);
    if (graceSeconds !== undefined && !/^\d{1,9}$/.test(graceSeconds)) {
      throw usageFailure('--grace-seconds is a whole number of seconds.');
    }
    const opened = await session();
    if (dryRun) {
      const { body } = await readKey(opened, args.key);
      return output.show(body, [`${titleOfKey(body)} would get another secret.`]);
    }
    const json = given({ gracePeriodSeconds: graceSeconds === undefined ? undefined : Number(graceSeconds) });
    await showIssued(await bodyOf(opened.client.v1.keys[':keyId'].rotate.$post({ param, json })), output, io);
  },
});

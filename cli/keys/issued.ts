import type { Io } from '../io.ts';
import type { Output } from '../output/output.ts';
import { type ApiKey, titleOfKey } from './key.ts';

type IssuedKey = ApiKey & { readonly key: string };

/** Shows a new key, the one time that anybody can. A program that reads stdout gets the key alone. */
export async function showIssued(issued: IssuedKey, output: Output, { stdout }: Io): Promise<void> {
  const note = 'shown once; store it now';
  await output.show(issued, [stdout.isTerminal ? `${issued.key}      ${note}` : issued.key]);
  if (!stdout.isTerminal) await output.say(`The key is ${note}.`);
  const { expiresAt } = issued;
  await output.say(
    `${titleOfKey(issued)}, ${expiresAt ? `expires ${expiresAt.slice(0, 10)}` : 'never expires'}`,
  );
}

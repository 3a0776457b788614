import { onOff, PAGES, SAFETY, text, whole } from './flags.ts';

const OUTPUT = 'Output:';
const SERVICE = 'Service:';

/** Every command has these. */
export const outputFlags = {
  json: onOff('Print one JSON document.', OUTPUT),
  jsonl: onOff('Print JSON, one item a line.', OUTPUT),
  quiet: onOff('Print the result alone.', OUTPUT, 'q'),
  verbose: onOff('Print each request and its id to stderr.', OUTPUT),
};

/** Every command that asks a service has these. */
export const serviceFlags = {
  context: text('Use this context in place of the current one.', 'name', SERVICE),
  url: text('Ask the service here, with the key of EDGE_ACCOUNTS_KEY.', 'url', SERVICE),
};

/** Every list has these. */
export const pageFlags = {
  limit: whole('Print at most so many; 100 if it is not given.', PAGES),
  all: onOff('Print all of them.', PAGES),
};

export const dryRunFlag = { dryRun: onOff('Say what would change, and change nothing.') };

/** Every command that destroys has these. */
export const deletionFlags = { ...dryRunFlag, yes: onOff('Do not ask.', SAFETY, 'y') };

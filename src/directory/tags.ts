import { ACCOUNT_NUMBER } from './accounts/account-number.ts';

const ID = /^[1-9]\d{0,15}$/;
/** Usernames and external ids as Postgres admits them. */
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
const TEXT = /^[^\u0000-\u001f\u007f-\u009f]+$/;

const WORDS: ReadonlySet<string> = new Set(['everything', 'default-account', 'user-rights']);

/** The pattern of the part after the colon, by the part before it. */
const VALUES: ReadonlyMap<string, RegExp> = new Map([
  ['account', ID],
  ['account-number', ACCOUNT_NUMBER],
  ['user', ID],
  ['username', TEXT],
  ['account-external-id', TEXT],
  ['user-external-id', TEXT],
  ['profile', ID],
  ['members', ID],
  ['memberships', ID],
  ['key', ID],
]);

/**
 * True if a text is a tag. An answer stored with any other text would never be invalidated, and such a text from Postgres
 * would invalidate nothing.
 */
export function isTag(text: string): boolean {
  const colon = text.indexOf(':');
  if (colon === -1) return WORDS.has(text);
  return VALUES.get(text.slice(0, colon))?.test(text.slice(colon + 1)) ?? false;
}

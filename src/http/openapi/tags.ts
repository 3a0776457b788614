import type { Tag } from '../spec.ts';

const DESCRIPTIONS: Readonly<Record<Tag, string>> = {
  Context: 'The account number in a URL, and the account of the host that is asked.',
  'Look-ups': 'Many look-ups in one request.',
  Users: 'Users, and the accounts that they are members of.',
  Accounts: 'Accounts, their admin users and their members.',
  'User profiles': 'Memberships of users in accounts.',
  Audit: 'Every change, and who made it.',
  Deletions: 'What was deleted, and its return.',
  'API keys': 'The keys of callers, and their rights.',
  Operations: 'Health of the service, and explanations of its reads.',
  Documentation: 'This description.',
};

/** The groups of the routes, in the order in which a reference shows them. */
export const tags = Object.entries(DESCRIPTIONS).map(([name, description]) => ({ name, description }));

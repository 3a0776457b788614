import type { Scope } from '../keys/scopes.ts';
import type { Identity } from './identity.ts';

const VERBS: Readonly<Record<Scope, string>> = {
  'directory:read': 'read',
  'directory:write': 'write',
  'cache:invalidate': 'invalidate',
  'keys:write': 'manage keys',
  'rights:write': 'give rights',
  'audit:read': 'read the audit log',
};

/** The rights of the key, e.g. `the key may read and write (directory:read, directory:write)`. */
export function sentenceOfRights({ scopes, unknown }: Pick<Identity, 'scopes' | 'unknown'>): string {
  const doubt = unknown.length > 0 ? `; it does not show whether it has ${unknown.join(' and ')}` : '';
  if (scopes.length === 0) return `the key may do nothing that this command can tell${doubt}`;
  if (scopes.length === Object.keys(VERBS).length) return 'the key may do everything';
  const verbs = scopes.map((scope) => VERBS[scope]);
  return `the key may ${listed(verbs)} (${scopes.join(', ')})${doubt}`;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${last}` : last;
}

import data from '../data/upstream-behaviour.json';

type Row = (typeof data.assertions)[number];

/** A row of the original platform's behaviour, under a name of its own. */
export interface UpstreamRow extends Row {
  readonly name: string;
}

/** Group and source; the rows of one source are numbered. */
export const rows: readonly UpstreamRow[] = data.assertions.map((row, index, all) => {
  const before = all.slice(0, index).filter(({ source }) => source === row.source).length;
  const isAlone = all.filter(({ source }) => source === row.source).length === 1;
  return { ...row, name: `${row.group} ${row.source}${isAlone ? '' : ` #${before + 1}`}` };
});

const RESOLVER = 'out of scope: there is no object that resolves user, account and profile step by step';
const CONTACTS = 'out of scope: there are no account contacts';
const KEYS =
  'different: keys belong to no user and stand for none; what they may do is in their scopes (test/http/routes/api-keys.test.ts)';

/** The rows that are not replayed, and why. What is different is tested where the reason says. */
export const notReplayed: Readonly<Record<string, string>> = {
  'A2 apps/account/tests/test_account_mixin.py:173-186': RESOLVER,
  'A2 apps/account/tests/test_account_mixin.py:188-197': RESOLVER,
  'A3 apps/account/tests/test_mixins.py:61-75': RESOLVER,
  'A3 apps/account/tests/test_mixins.py:77-88': RESOLVER,
  'A3 apps/account/tests/test_mixins.py:97-113': RESOLVER,
  'A3 apps/account/tests/test_mixins.py:188-192': RESOLVER,
  'A4 apps/account/models/tests/test_user_profile.py:56-71': CONTACTS,
  'A4 apps/account/models/tests/test_user_profile.py:251-255': CONTACTS,
  'B2 apps/account/tests/test_api_keys.py #1': KEYS,
  'B2 apps/account/tests/test_api_keys.py #2': KEYS,
  'B2 lib/drf/tests/test_middleware.py #1':
    'different: what is no route is 404 (test/http/request/methods.test.ts)',
  'B2 lib/drf/tests/test_middleware.py #2':
    'different: Bearer is checked like Token (test/http/routes/keys.test.ts)',
  'B2 lib/drf/tests/test_middleware.py #4': KEYS,
  'B2 lib/drf/tests/test_token_authentication.py': KEYS,
};

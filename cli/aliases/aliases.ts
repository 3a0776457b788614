import { usageFailure } from '../failure.ts';

/** A management command of the original platform. */
interface Alias {
  /** Its name here. */
  readonly words: readonly string[];
  /** Its options, and what they are here. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Options that cannot be kept, with the reason. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Added where it is not given. */
  readonly defaults?: Readonly<Record<string, readonly string[]>>;
}

const NO_PASSWORDS = 'This service keeps no passwords: leave --password out.';
const password = { '--password': NO_PASSWORDS };

const aliases: Readonly<Record<string, Alias>> = {
  create_account: {
    words: ['accounts', 'create'],
    options: { '--company_name': ['--company-name'], '--account_number': ['--account-number'] },
  },
  create_user: {
    words: ['users', 'create'],
    options: { '--account_number': ['--account'], '--admin': ['--is-staff', 'true'] },
    refused: password,
  },
  create_admin_user: {
    words: ['users', 'create', '--is-staff', 'true'],
    options: { '--account_number': ['--account'] },
    refused: password,
  },
  create_api_key: {
    words: ['keys', 'create'],
    options: { '--account_number': ['--account'], '--description': ['--name'] },
    refused: { '--username': 'A key here is of an account, not of a user: give --account_number.' },
    defaults: { '--name': ['Made by create_api_key'], '--scope': ['directory:read'] },
  },
  get_accounts: { words: ['accounts', 'list', '--all', '--json'], options: {} },
  reset_cache: { words: ['cache', 'invalidate', '--everything'], options: {} },
};

/** The command line with a management command of the original platform put into the words of this one. */
export function translateAlias(argv: readonly string[]): string[] {
  const [first = '', ...rest] = argv;
  const alias = Object.hasOwn(aliases, first) ? aliases[first] : undefined;
  if (!alias) return [...argv];
  const translated = rest.flatMap((word) => translate(word, alias));
  const missing = Object.entries(alias.defaults ?? {}).filter(([option]) => !translated.includes(option));
  return [...alias.words, ...translated, ...missing.flat(2)];
}

/** Both `--option value` and `--option=value` are common there. */
function translate(word: string, { options, refused = {} }: Alias): string[] {
  const [, option = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  const reason = refused[option];
  if (reason !== undefined) throw usageFailure(reason);
  const known = options[option] ?? [option];
  return value === undefined ? [...known] : [...known, value];
}

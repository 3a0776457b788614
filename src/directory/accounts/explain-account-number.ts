import { ACCOUNT_NUMBER, accountNumberFromUrl } from './account-number.ts';

/** Why a URL gives an account number or none; in the order in which they are tested. */
export const ACCOUNT_NUMBER_REASONS = [
  'no_http_url',
  'ip_address',
  'no_account_label',
  'two_account_labels',
  'outside_suffixes',
  'found',
] as const;
export type AccountNumberReason = (typeof ACCOUNT_NUMBER_REASONS)[number];

export interface ExplainedAccountNumber {
  readonly accountNumber: string | null;
  readonly reason: AccountNumberReason;
  /** The labels of the host, as the URL parser gives them; none if there is no host. */
  readonly labels: readonly string[];
}

const IP_ADDRESS = /^(?:\[.*\]|[0-9]+(?:\.[0-9]+){3})$/;
const NO_URL: ExplainedAccountNumber = { accountNumber: null, reason: 'no_http_url', labels: [] };

/** The answer of `accountNumberFromUrl`, and the reason for it. */
export function explainAccountNumber(url: unknown, suffixes: readonly string[] = []): ExplainedAccountNumber {
  const host = hostOf(url);
  if (host === null) return NO_URL;
  const accountNumber = accountNumberFromUrl(url, suffixes);
  const labels = host.replace(/\.$/, '').split('.');
  const reason = accountNumber === null ? reasonOf(host, labels) : 'found';
  // Its number stands where it should: it is the host that stands too far from the beginning to be read.
  if (reason === 'outside_suffixes' && accountNumberFromUrl(`http://${host}/`, suffixes) !== null)
    return NO_URL;
  return { accountNumber, reason, labels };
}

function hostOf(url: unknown): string | null {
  // `URL.parse` is younger than the oldest Node that the package supports.
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.hostname : null;
}

function reasonOf(host: string, labels: readonly string[]): AccountNumberReason {
  if (IP_ADDRESS.test(host)) return 'ip_address';
  const numbers = labels.filter((label) => ACCOUNT_NUMBER.test(label));
  if (numbers.length === 0) return 'no_account_label';
  return numbers.length > 1 ? 'two_account_labels' : 'outside_suffixes';
}

/** An account number: twelve ASCII digits in three groups. */
export const ACCOUNT_NUMBER = /^[0-9]{4}-[0-9]{4}-[0-9]{4}$/;

/**
 * The account number in a URL's host, or null; makes no request and never throws, whatever it is given.
 * Only `http:` and `https:` URLs count, parsed by the WHATWG rules, and of them only the labels of the host: exactly one
 * must be an account number. With `suffixes`, it must stand directly left of one of them.
 * Implements `account_number_from_url`.
 *
 * @example accountNumberFromUrl('https://hr.3141-5926-5359.alpha.api.example.com/') // '3141-5926-5359'
 */
export function accountNumberFromUrl(url: unknown, suffixes: readonly string[] = []): string | null {
  const hostname = typeof url === 'string' ? hostnameOf(url) : null;
  return hostname === null ? null : accountNumberOfHost(hostname, suffixes);
}

function hostnameOf(url: string): string | null {
  const parsed = URL.parse(url);
  const isWeb = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  return isWeb ? parsed.hostname : null;
}

function accountNumberOfHost(hostname: string, suffixes: readonly string[]): string | null {
  const host = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  const [accountNumber, another] = host.split('.').filter((label) => ACCOUNT_NUMBER.test(label));
  if (accountNumber === undefined || another !== undefined) return null;
  return suffixes.length === 0 || suffixes.some((suffix) => isLeftOf(accountNumber, host, suffix))
    ? accountNumber
    : null;
}

function isLeftOf(label: string, host: string, suffix: string): boolean {
  const tail = `${label}.${suffix}`;
  return host === tail || host.endsWith(`.${tail}`);
}

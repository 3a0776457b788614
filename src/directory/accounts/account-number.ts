/** An account number: twelve ASCII digits in three groups. */
export const ACCOUNT_NUMBER: RegExp = /^[0-9]{4}-[0-9]{4}-[0-9]{4}$/;
export const ACCOUNT_NUMBER_FAULT = 'must be like 1234-5678-9012';
const NUMBER_LENGTH = '0000-0000-0000'.length;

/** Room for user info before the host, of which DNS allows 253 characters: what is longer reaches nobody, and is not read. */
const MAX_AUTHORITY_END = 4_096;

/**
 * The account number in a URL's host, or null; makes no request and never throws, whatever it is given.
 * Only `http:` and `https:` URLs count, parsed by the WHATWG rules, and of them only the labels of the host: exactly one
 * must be an account number. With `suffixes`, it must stand directly left of one of them.
 * Implements `account_number_from_url`.
 *
 * @example accountNumberFromUrl('https://hr.3141-5926-5359.alpha.api.example.com/') // '3141-5926-5359'
 */
export function accountNumberFromUrl(url: unknown, suffixes: readonly string[] = []): string | null {
  if (typeof url !== 'string') return null;
  const start = url.startsWith('https://') ? HTTPS_LENGTH : url.startsWith('http://') ? HTTP_LENGTH : -1;
  const end = start === -1 ? -1 : endOfPlainHost(url, start);
  if (end !== -1) return numberAmongLabels(url, start, end, suffixes);
  const hostname = hostnameOf(url);
  return hostname === null ? null : numberAmongLabels(hostname, 0, hostname.length, suffixes);
}

const HTTPS_LENGTH = 'https://'.length;
const HTTP_LENGTH = 'http://'.length;

const [OTHER, PLAIN, DASH, END, COLON] = [0, 1, 2, 3, 4];

/** The classes of characters that the parser leaves as they are, which is all that most hosts consist of. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z0-9._]/.test(char)) return PLAIN;
  return { '-': DASH, '/': END, '?': END, '#': END, ':': COLON }[char] ?? OTHER;
});
const DASH_CODE = 0x2d;
const DOT_CODE = 0x2e;

function kindAt(text: string, at: number): number | undefined {
  return KINDS[text.charCodeAt(at)];
}

/** Returns the end of the host that begins there, if host and port are plain; -1 if the parser must decide. */
function endOfPlainHost(url: string, start: number): number {
  const limit = Math.min(url.length, MAX_AUTHORITY_END);
  let at = start;
  for (; at < limit; at++) {
    const kind = kindAt(url, at);
    if (kind === PLAIN) continue;
    // Two dashes may be Punycode, which the parser looks into.
    if (kind !== DASH || url.charCodeAt(at + 1) === DASH_CODE) break;
  }
  return at > start && endsHost(url, at) ? at : -1;
}

/** No port of four digits is too great. */
const PLAIN_PORT_END = /:[0-9]{0,4}(?![^/?#])/y;

function endsHost(url: string, at: number): boolean {
  if (at === url.length || kindAt(url, at) === END) return true;
  PLAIN_PORT_END.lastIndex = at;
  return kindAt(url, at) === COLON && PLAIN_PORT_END.test(url);
}

/**
 * Scheme and slashes as the parser finds them: it strips controls and spaces at the start, tabs and line breaks everywhere,
 * and takes any run of slashes.
 */
const WEB_SCHEME = /^[\0-\x20]*h[\t\n\r]*t[\t\n\r]*t[\t\n\r]*p[\t\n\r]*(?:s[\t\n\r]*)?:[\t\n\r/\\]*/i;
const AUTHORITY_END = /[/\\?#]|$/g;
/** The parser only folds the case of a text that has none of these. */
const REWRITTEN = /[^\x20-\x7e]|%/;
const ANY_NUMBER = /[0-9]{4}-[0-9]{4}-[0-9]{4}/;

/** Asks the parser for the host. User info and what follows the host are cut off first: they make no host invalid. */
function hostnameOf(url: string): string | null {
  const head = url.slice(0, MAX_AUTHORITY_END);
  const start = WEB_SCHEME.exec(head)?.[0].length;
  if (start === undefined) return null;
  AUTHORITY_END.lastIndex = start;
  const end = AUTHORITY_END.exec(head)?.index;
  const authority = head.slice(start, end);
  const isCut = end === MAX_AUTHORITY_END;
  if (isCut || (!REWRITTEN.test(authority) && !ANY_NUMBER.test(authority))) return null;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  // The parser strips spaces at the end of a URL, and refuses them at the end of a host.
  const asked = `http://${host}${end === url.length ? '' : '/'}`;
  // `URL.parse` is younger than the oldest Node that the package supports.
  return URL.canParse(asked) ? new URL(asked).hostname : null;
}

/** The parser reads a host whose last label is a number as an IPv4 address, or refuses it. */
const IPV4_END = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const NONE = -1;

function numberAmongLabels(text: string, start: number, end: number, suffixes: readonly string[]) {
  const hostEnd = text.charCodeAt(end - 1) === DOT_CODE ? end - 1 : end;
  let found = NONE;
  let label = start;
  for (;;) {
    const dot = text.indexOf('.', label);
    const labelEnd = dot === -1 || dot > hostEnd ? hostEnd : dot;
    if (isNumber(text, label, labelEnd)) {
      if (found !== NONE) return null;
      found = label;
    }
    if (labelEnd === hostEnd) break;
    label = dot + 1;
  }
  if (found === NONE || isIpv4End(text, label, hostEnd)) return null;
  const foundEnd = found + NUMBER_LENGTH;
  return isLeftOfAny(text, foundEnd, hostEnd, suffixes) ? text.slice(found, foundEnd) : null;
}

const ZERO_CODE = 0x30;
const NINE_CODE = 0x39;
const GROUP_LENGTH = 4;

function isDigit(code: number): boolean {
  return code >= ZERO_CODE && code <= NINE_CODE;
}

function isNumber(text: string, start: number, end: number): boolean {
  if (end - start !== NUMBER_LENGTH) return false;
  for (let at = start; at < end; at += GROUP_LENGTH + 1) {
    for (let digit = at; digit < at + GROUP_LENGTH; digit++)
      if (!isDigit(text.charCodeAt(digit))) return false;
    if (at + GROUP_LENGTH < end && text.charCodeAt(at + GROUP_LENGTH) !== DASH_CODE) return false;
  }
  return true;
}

function isIpv4End(text: string, start: number, end: number): boolean {
  return isDigit(text.charCodeAt(start)) && IPV4_END.test(text.slice(start, end));
}

function isLeftOfAny(text: string, at: number, end: number, suffixes: readonly string[]): boolean {
  const isLeftOf = (suffix: string): boolean =>
    end === at + 1 + suffix.length && text.charCodeAt(at) === DOT_CODE && text.startsWith(suffix, at + 1);
  return suffixes.length === 0 || suffixes.some(isLeftOf);
}

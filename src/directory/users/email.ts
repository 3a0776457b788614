import * as z from 'zod';
import { bounded, wellFormed } from '../fields.ts';

/** RFC 5321 admits so many characters as a path, and so does the original platform's column. */
const MAX_EMAIL = 254;

// The parts as Django's EmailValidator has them.
const DOT_ATOM = /^[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*$/i;
/** Any ASCII but NUL and the ends of lines, which no header line holds. */
// oxlint-disable-next-line no-control-regex -- RFC 5322 has them in quoted strings
const QUOTED = /^"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"$/;
const DOMAIN = /^(?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{1,62}[A-Z0-9]$/i;
const LITERAL = /^\[([A-F0-9:.]+)\]$/i;

/** True if the original platform takes the text for an e-mail address: as Django does. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  return at > 0 && (DOT_ATOM.test(local) || QUOTED.test(local)) && isDomain(domain);
}

function isDomain(domain: string): boolean {
  if (domain === 'localhost' || DOMAIN.test(domain)) return true;
  const [, address] = LITERAL.exec(domain) ?? [];
  if (address !== undefined) return isAddress(address);
  const ascii = toAscii(domain);
  return ascii !== null && DOMAIN.test(ascii);
}

function isAddress(text: string): boolean {
  return z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success;
}

/** The name of an internationalized domain in ASCII; null where the text is none. */
function toAscii(domain: string): string | null {
  const isInternational = /^[-.\p{L}\p{M}\p{N}\u3002]+$/u.test(domain) && /[^\0-\x7f]/.test(domain);
  return isInternational ? (URL.parse(`http://${domain}/`)?.hostname ?? null) : null;
}

/** An e-mail address that may be given to a user. */
export const Email = bounded(MAX_EMAIL)
  .refine(isEmail, 'must be an e-mail address')
  .refine(...wellFormed)
  .meta({ format: 'email' });

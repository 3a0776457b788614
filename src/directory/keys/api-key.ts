/** An API key, taken apart. */
export interface ApiKeyParts {
  /** The environment of the key, in lower-case letters and digits. */
  readonly environment: string;
  /** The id of the key's row. */
  readonly id: number;
  /** 43 letters and digits; only their SHA-256 is stored. */
  readonly secret: string;
}

/** The number of random bytes in a secret. */
export const SECRET_BYTES = 32;

const API_KEY = /^(ea_([a-z0-9]{1,20})_([1-9][0-9]{0,15})_([0-9A-Za-z]{43}))([0-9A-Za-z]{6})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** The whole form of a key, or the root key of the local stack: what begins like one may be a name. */
const KEY_WITHIN =
  /(?<![0-9A-Za-z])ea_(?:[a-z0-9]{1,20}_[1-9][0-9]{0,15}_[0-9A-Za-z]{49}|local_root(?![0-9A-Za-z_]))/;
/** URLs are put into URLs at most this deep. */
const MAX_ENCODINGS = 3;
/** The beginning of a key in a URL, however often it is encoded. */
const MAY_BEGIN_KEY = /(?:e|%(?:25)*65)(?:a|%(?:25)*61)(?:_|%(?:25)*5f)/i;

/** True if a URL may hold a key: most do not, and need not be decoded to know. */
export function mayHoldKey(url: string): boolean {
  return MAY_BEGIN_KEY.test(url);
}

/** True if the text holds a key, percent-encoded or not: inside of a URL in a URL it is encoded once more. */
export function holdsKey(text: string): boolean {
  let decoded = text;
  for (let times = 0; times <= MAX_ENCODINGS; times++) {
    if (KEY_WITHIN.test(decoded)) return true;
    decoded = decoded.replaceAll(/(?:%[0-9a-f]{2})+/gi, decodeLeniently);
  }
  return false;
}

function decodeLeniently(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** The key as its holder gets it: `ea_<environment>_<id>_<secret><checksum>`. */
export function formatApiKey({ environment, id, secret }: ApiKeyParts): string {
  const body = `ea_${environment}_${id}_${secret}`;
  return body + checksumOf(body);
}

/** The parts of a key; null for any other text, such as a key with a typing mistake. Makes no request. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const [, body = '', environment = '', digits, secret = '', checksum] = API_KEY.exec(text) ?? [];
  const id = Number(digits);
  if (!Number.isSafeInteger(id) || checksum !== checksumOf(body)) return null;
  return { environment, id, secret };
}

/** Spells the bytes of a secret. */
export function formatSecret(bytes: Uint8Array): string {
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return inBase62(value, SECRET_LENGTH);
}

function checksumOf(body: string): string {
  return inBase62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function inBase62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text;
  return text;
}

/** CRC-32 as in zip and PNG, of ASCII text: it tells every mistake within four neighbouring characters. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

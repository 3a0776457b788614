import { formatSecret, SECRET_BYTES } from './api-key.ts';

/** Separates these bytes from whatever else may be derived from a key. */
const PURPOSE = 'edge-accounts api key';

/** A secret of 256 random bits. */
export function drawSecret(): string {
  return formatSecret(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/**
 * A secret that its maker can derive again and nobody else: from their own key, which is not stored, and a salt, which
 * alone says nothing.
 */
export async function deriveSecret(makersKey: string, salt: string): Promise<string> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', encoder.encode(makersKey), 'HKDF', false, [
    'deriveBits',
  ]);
  const parameters = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: encoder.encode(salt),
    info: encoder.encode(PURPOSE),
  };
  return formatSecret(new Uint8Array(await crypto.subtle.deriveBits(parameters, material, SECRET_BYTES * 8)));
}

import { formatSecret, SECRET_BYTES } from './api-key.ts';

/** Separates these bytes from others that may be derived from the same key. */
const PURPOSE = 'edge-accounts api key';

/** A secret of 256 random bits. */
export function drawSecret(): string {
  return formatSecret(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/**
 * Derives a secret from the caller's own key, which is not stored, and a salt, which says nothing alone. Only that caller can derive
 * it again.
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

/** Tells texts that holders of a secret have signed from all others. */
export interface Seal {
  sign(text: string): Promise<string>;
  verify(text: string, mac: string): Promise<boolean>;
}

// Node and workerd have different names for the type.
type SealKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>;

const encoder = new TextEncoder();

/**
 * HMAC-SHA-256 with a key that HKDF derives from the secret. A signature for one purpose is not valid for another.
 */
export function makeSeal(secret: string, purpose: string): Seal {
  // Kept as a value, never as a promise of one request.
  let known: SealKey | undefined;
  const key = async (): Promise<SealKey> => (known ??= await deriveKey(secret, purpose));
  return {
    async sign(text) {
      const mac = await crypto.subtle.sign('HMAC', await key(), encoder.encode(text));
      return btoa(String.fromCharCode(...new Uint8Array(mac)));
    },
    async verify(text, mac) {
      const bytes = bytesOf(mac);
      return bytes !== null && crypto.subtle.verify('HMAC', await key(), bytes, encoder.encode(text));
    },
  };
}

/** Signs with the first seal, and takes what any of them has signed. */
export function makeJointSeal(seals: readonly Seal[]): Seal {
  const [first] = seals;
  if (!first) throw new Error('a joint seal needs a seal');
  return {
    sign: first.sign,
    async verify(text, mac) {
      for (const seal of seals) if (await seal.verify(text, mac)) return true;
      return false;
    },
  };
}

async function deriveKey(secret: string, purpose: string): Promise<SealKey> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encoder.encode(purpose) };
  const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 };
  return crypto.subtle.deriveKey(derivation, material, algorithm, false, ['sign', 'verify']);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

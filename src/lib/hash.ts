const encoder = new TextEncoder();

/** SHA-256 of the text's UTF-8, in lower-case hexadecimal. */
export async function sha256Of(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))));
}

/** SHA-1 of the text's UTF-8, in lower-case hexadecimal. */
export async function sha1Of(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-1', encoder.encode(text))));
}

/** The bytes in lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

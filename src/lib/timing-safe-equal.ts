const encoder = new TextEncoder();

/** True if the texts are equal. The time that it takes does not depend on how much of them is. Only Workers have its primitive. */
export function timingSafeEqual(text: string, known: string): boolean {
  const [a, b] = [encoder.encode(text), encoder.encode(known)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

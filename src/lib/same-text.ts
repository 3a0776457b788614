const encoder = new TextEncoder();

/** Whether the texts are the same, in a time that does not tell how much of them is. */
export function isSameText(text: string, known: string): boolean {
  const [a, b] = [encoder.encode(text), encoder.encode(known)];
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}

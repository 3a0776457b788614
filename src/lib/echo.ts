/** Enough to find the text in the request. */
const MAX_ECHO = 80;
/** JSON writes each of these in six bytes. */
// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const ESCAPED = /[\u0000-\u001f\ud800-\udfff]/gu;

/** Shortens a text that an answer quotes, so that the answer is not many times larger than the request. */
export function cutEcho(text: string, maxLength = MAX_ECHO): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replaceAll(ESCAPED, '\ufffd');
}

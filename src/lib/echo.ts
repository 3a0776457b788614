/** Enough to find it in what was sent. */
const MAX_ECHO = 80;
/** Of these, JSON makes six bytes each. */
// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const ESCAPED = /[\u0000-\u001f\ud800-\udfff]/gu;

/** The text as an answer may repeat it: so much of it that the answer is not many times what was sent. */
export function cutEcho(text: string, maxLength = MAX_ECHO): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replaceAll(ESCAPED, '\ufffd');
}

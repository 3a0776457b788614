const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uFF01-\uFF60]/u;
/** Kana and Hangul of half the width. */
const NARROW = /^[\uFF61-\uFFDC]/;
const NO_WIDTH = /^[\p{Mark}\u200B-\u200D]+$/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The columns that a terminal gives the text. */
export function widthOf(text: string): number {
  // Most texts are of one byte a letter.
  if (/^[\u0020-\u007E]*$/.test(text)) return text.length;
  return [...graphemes.segment(text)].reduce((sum, { segment }) => sum + widthOfLetter(segment), 0);
}

function widthOfLetter(letter: string): number {
  if (NO_WIDTH.test(letter)) return 0;
  return WIDE.test(letter) && !NARROW.test(letter) ? 2 : 1;
}

/** The text in so many columns, its end replaced by `…` if it has more. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let fitting = '';
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOfLetter(segment);
    if (used > columns) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

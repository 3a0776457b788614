import { Username } from './users.ts';

/** Format characters, and all that a page may show as nothing. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const OUTER_WHITE_SPACE = /^\p{White_Space}|\p{White_Space}$/u;
/** Scripts whose letters pass for each other's. */
const LOOK_ALIKES = [/\p{Script=Latin}/u, /\p{Script=Greek}/u, /\p{Script=Cyrillic}/u];
/** A path of a URL loses such a segment. */
const DOTS = new Set(['.', '..']);

const isOfOneScript = (name: string) => LOOK_ALIKES.filter((script) => script.test(name)).length <= 1;

/**
 * A username that may be given to a user: none that shows like another one, as far as UTS 39 tells by its profile of
 * characters and by mixed scripts. Names given before, or at a prompt, are looked up whatever they are.
 */
export const NewUsername = Username.refine(
  (name) => name === name.normalize('NFKC'),
  'must be in Unicode normalization form NFKC',
)
  .refine((name) => !INVISIBLE.test(name), 'must not have invisible characters')
  .refine((name) => !OUTER_WHITE_SPACE.test(name), 'must not begin or end with white space')
  .refine(isOfOneScript, 'must not mix Latin, Greek and Cyrillic letters, which look alike')
  .refine((name) => !DOTS.has(name), 'must not be . or ..')
  .meta({ description: 'Names that look like another one are refused; case matters.' });

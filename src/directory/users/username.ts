import { once } from '../../lib/once.ts';
import { readIdentifierCharacters } from './identifier-characters.ts';
import { Username } from './users.ts';

// These and the writing systems are compiled for the first new name. They would take a tenth of the start-up of every isolate.
const characters = once(() => new RegExp(`^[${readIdentifierCharacters()} @.+_-]*$`, 'u'));
/** Format characters, and all that a page may show as nothing. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const OUTER_WHITE_SPACE = /^\p{White_Space}|\p{White_Space}$/u;
/** A path of a URL loses such a segment. */
const DOTS = new Set(['.', '..']);
/** The names of the admin users that the service creates begin so. */
const RESERVED = /^[0-9]{4}-[0-9]{4}-[0-9]{4}-admin/i;

/** The scripts that people write one language with: those of UTS 39, table 1a, and each other one alone. */
const WRITING_SYSTEMS: readonly (readonly string[])[] = [
  ['Latn'],
  ['Hira', 'Kana', 'Hani'],
  ['Hang', 'Hani'],
  ['Bopo', 'Hani'],
  ...'Cyrl Grek Arab Armn Beng Deva Ethi Geor Gujr Guru Hebr Khmr Knda Laoo Mlym Mymr Orya Sinh Taml Telu Thaa Thai Tibt'
    .split(' ')
    .map((script) => [script]),
];

const writingSystems = once(() =>
  WRITING_SYSTEMS.map((scripts) => {
    const properties = [...scripts, 'Zyyy', 'Zinh'].map(
      (script) => String.raw`\p{Script_Extensions=${script}}`,
    );
    return new RegExp(`^[${properties.join('')}]*$`, 'u');
  }),
);

/** A mark without a letter, one twice, the dot of an i again, and more of them than any language piles up. */
const STRAY_MARKS = /(?:^|[^\p{L}\p{M}\p{N}])\p{M}|(\p{Mn})\1|\p{Soft_Dotted}\p{M}*\u0307|\p{Mn}{5}/u;

/** Digits of two systems look alike, and a row of sixteen code points has those of one. */
function hasDigitsOfOneSystem(name: string): boolean {
  const rows = Array.from(name.matchAll(/\p{Nd}/gu), ([digit]) => (digit.codePointAt(0) ?? 0) >> 4);
  return new Set(rows).size <= 1;
}

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
  .refine(
    (name) => characters().test(name),
    'must have letters, marks and digits that UTS 39 allows in identifiers, blanks, and @ . + - _ alone',
  )
  .refine(
    (name) => writingSystems().some((system) => system.test(name)),
    'must not mix scripts, whose letters look alike',
  )
  .refine(hasDigitsOfOneSystem, 'must not mix digits of two systems, which look alike')
  .refine((name) => !STRAY_MARKS.test(name), 'must not have combining marks that cannot be seen')
  .refine((name) => !DOTS.has(name), 'must not be . or ..')
  .refine(
    (name) => !RESERVED.test(name),
    'must not be like 1234-5678-9012-admin, as the service calls admins',
  )
  .meta({
    description:
      'Names that look like another one are refused. Two that differ in case or in runs of blanks alone are one name, and a look-up asks for the exact one.',
  });

const RUN_OF_BLANKS = /[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/** True if the names are one to Postgres, as far as they are in the same normalization form: it folds case and runs of blanks. */
export function isSameUsername(one: string, other: string): boolean {
  const [first = '', second = ''] = [one, other].map((name) => name.replaceAll(RUN_OF_BLANKS, ' ').trim());
  // With both flags an expression compares by Unicode's simple case folding, which no method of strings does.
  return new RegExp(`^${first.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)}$`, 'iu').test(second);
}

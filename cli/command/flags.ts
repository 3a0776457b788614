import { InvalidArgumentError } from 'commander';

/** An option of a command; its name is the key under which the command declares it. */
export interface Flag<T> {
  readonly description: string;
  /** The heading of the help under which it stands. */
  readonly group: string;
  /** The word for its value; null for a flag that is there or not. */
  readonly value: string | null;
  readonly choices?: readonly string[];
  readonly isMany?: boolean;
  /** The command does not run without it. */
  readonly isRequired?: boolean;
  readonly short?: string;
  /** An empty text stands for none. */
  readonly isNullable?: boolean;
  parse(text: string): T;
}

export type RequiredFlag<T> = Flag<T> & { readonly isRequired: true };
export type ManyFlag<T> = Flag<T> & { readonly isMany: true };
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of the options that were given. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends ManyFlag<infer T>
    ? readonly T[] | undefined
    : F[K] extends RequiredFlag<infer T>
      ? T
      : F[K] extends Flag<infer T>
        ? T | undefined
        : never;
};

export const FIELDS = 'Fields:';
export const FILTERS = 'Filters:';
export const SAFETY = 'Safety:';
export const PAGES = 'Pages:';

export function text(description: string, value = 'text', group = FIELDS): Flag<string> {
  return { description, group, value, parse: (given) => given };
}

/** A text that the service can also hold as none: an empty value says so. */
export function nullableText(description: string, value = 'text', group = FIELDS): Flag<string | null> {
  return {
    description: `${description} An empty text removes it.`,
    group,
    value,
    isNullable: true,
    parse: (given) => given,
  };
}

export function oneOf<const T extends string>(
  description: string,
  choices: readonly T[],
  group = FIELDS,
): Flag<T> {
  return {
    description,
    group,
    value: 'word',
    choices,
    parse(given) {
      const found = choices.find((choice) => choice === given);
      if (found === undefined) throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`);
      return found;
    },
  };
}

/** A field that is true or false. Scripts pass its value as it is. */
export function truth(description: string, group = FIELDS): Flag<boolean> {
  const { parse, ...flag } = oneOf(description, ['true', 'false'], group);
  return { ...flag, value: 'true|false', parse: (given) => parse(given) === 'true' };
}

export function whole(description: string, group = FIELDS): Flag<number> {
  return {
    description,
    group,
    value: 'number',
    parse(given) {
      const number = Number(given);
      if (!/^\d+$/.test(given) || !Number.isSafeInteger(number) || number === 0) {
        throw new InvalidArgumentError('It is a whole number above 0.');
      }
      return number;
    },
  };
}

/** A flag without a value. */
export function onOff(description: string, group = SAFETY, short?: string): Flag<boolean> {
  return { description, group, value: null, ...(short && { short }), parse: () => true };
}

export function required<T>(flag: Flag<T>): RequiredFlag<T> {
  return { ...flag, isRequired: true };
}

/** May be given several times. */
export function many<T>(flag: Flag<T>): ManyFlag<T> {
  return { ...flag, isMany: true };
}

import { GarbledAnswer } from './errors.ts';

type Parser = (text: string) => unknown;

/** Parsers by the type's id in pg_type.dat, which never changes. Values of other types stay text. */
const PARSERS = new Map<number, Parser>([
  // bool, int2, int4, float4, float8
  [16, parseBoolean],
  [21, Number],
  [23, Number],
  [700, Number],
  [701, Number],
  // json, jsonb
  [114, strictly(JSON.parse)],
  [3802, strictly(JSON.parse)],
  // text[], int8[]
  [1009, strictly(parseTexts)],
  [1016, strictly(parseTexts)],
]);
const asItIs: Parser = (text) => text;

/** Parsers for Neon's driver. Its own ones take a garbled boolean for false, and a number with garbage after it for the number. */
export const valueParsers = {
  getTypeParser: (typeId: number): Parser => PARSERS.get(typeId) ?? asItIs,
};

function strictly(parse: Parser): Parser {
  return (text) => {
    try {
      return parse(text);
    } catch (cause) {
      throw new GarbledAnswer('a value is not of its type', { cause });
    }
  };
}

// A garbled value stays as it is, so that the row's decoder refuses it; it must not pass for false.
function parseBoolean(text: string): unknown {
  if (text === 't') return true;
  return text === 'f' ? false : text;
}

// Postgres writes an array like JSON, except for its braces, its escapes, and words without quotes.
function parseTexts(text: string): unknown {
  const withoutBounds = text.replace(/^\[[^=]*=/, '');
  const json = withoutBounds.replaceAll(/"((?:[^"\\]|\\.)*)"|[{}]|[^{},"]+/gs, (token, quoted?: string) => {
    if (quoted !== undefined) return JSON.stringify(quoted.replaceAll(/\\(.)/gs, '$1'));
    if (token === '{') return '[';
    if (token === '}') return ']';
    return token === 'NULL' ? 'null' : JSON.stringify(token);
  });
  return JSON.parse(json);
}

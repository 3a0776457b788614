const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const NO_SPACE = /[^ \t\n\r]/g;

/** A fault that is found before a JSON text is parsed: it is too deep, or an object has two members of one name. */
export type StructureFault =
  | { readonly kind: 'depth' }
  | { readonly kind: 'repeated'; readonly name: string };

/**
 * Finds the first fault in the structure of a text, which need not be JSON; null when there is none. `JSON.parse` follows any
 * depth, and takes the last of two members of one name where a proxy that inspects bodies may take the first.
 */
export function findStructureFault(text: string, maxDepth: number): StructureFault | null {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const name = decodeName(text.slice(at + 1, end));
      if (isFollowedByColon(text, end) && hasOrAdd(open.at(-1), name)) return { kind: 'repeated', name };
      at = end;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (open.length === maxDepth) return { kind: 'depth' };
      open.push(code === OPEN_BRACE ? new Set() : null);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open.pop();
    }
  }
  return null;
}

function hasOrAdd(names: Set<string> | null | undefined, name: string): boolean {
  if (!names) return false;
  const isKnown = names.has(name);
  names.add(name);
  return isKnown;
}

// The index of the closing quote, or of the end of the text.
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

function isFollowedByColon(text: string, end: number): boolean {
  NO_SPACE.lastIndex = end + 1;
  const found = NO_SPACE.exec(text);
  return found !== null && text.charCodeAt(found.index) === COLON;
}

// An escaped name and the same name unescaped are equal.
function decodeName(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}

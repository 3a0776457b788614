/**
 * The characters that UTS 39 allows in identifiers (`Identifier_Status=Allowed`) and UAX 31 has in them (`XID_Continue`), of Unicode 14: no
 * unassigned characters, none of dead or rare scripts, and none that are obsolete or technical. JavaScript has no escape for it;
 * Perl's is `\p{Identifier_Status=Allowed}`. Ranges in base 36: how far each begins after the end of the one before, and how
 * much longer than one character it is.
 */
const RANGES = `
  1c+9 8+p 5 2+p 1p 9+m 2+u 2+1l 3+a 3+7 2+1g h h+1 e+1 t+f 2+5 3+a 4+1 3+z 3+1 7+d 12 2q+1 1c k+4 2+6
  3+2 2+1 7 8+5 5+1 2+1 4 3+1 9 3 1i+2 9 2+2 2 2+j 2+17 1a+2r 17+39 h+p 5+1 2+11 3 8+11 1a s+q 5+3
  1a+v 2+k b+9 7+2 2 5+k 2+h 2+1d 2 g+1 8+e 3 29+2p 5b+n 2+5 i+c 6 3+k 1k+24 2+1 6+1 9+3 3+9 2+6 2+6
  2+2 2+7 3+1 3+l 2+6 2 4+3 3+8 3+1 3+3 9 9+3 3+b d 3+2 2+5 5+1 3+l 2+6 2 3 3+1 3 2+4 5+1 3+2 f a+e
  d+2 2+8 2+2 2+l 2+6 2+1 2+4 3+9 2+2 2+2 3 g+3 3+9 b+5 2+2 2+7 3+1 3+l 2+6 2+1 2+4 3+7 4+1 3+2 8+2
  8+2 5+9 2 h+1 2+5 4+2 2+3 4+1 2 2+1 4+1 4+2 4+b 5+4 4+2 2+3 3 7 f+9 i+b 2+2 2+m 2+9 2+4 3+8 2+2 2+3
  8+1 7 3+1 5+9 h 2+1 2+7 2+2 2+m 2+9 2+4 3+8 2+2 2+3 8+1 7 3+3 3+9 2+1 e 2+1 2+7 2+2 2+14 3+6 3+2 2+4
  6+3 9+1 5+9 b+5 3+1 2+9 3+5 4+b 2+a 2+8 2 3+6 4 5+5 2 2+6 k f+1d 2+6 6+e 2+9 14+1 2 2+4 2+n 2 2+b
  2+9 3+4 2 2+5 3+9 5+1 x w+9 c 2 7+4 2+3 2+3 2+3 2+3 2+3 2+b 2+2 5+1 2 6+6 2+2 2+c 2+3 2+3 2+3 2+3
  2+3 2+b 2+2 a 1m+21 7+25 16 6 3+w 7+3 3+2 75+20 2+3 3+6 2 2+3 3+14 2+3 3+w 2+3 3+6 2 2+3 3+e 2+1k
  2+3 3+1u 3+2 x+f s1+y 3+2 2+a 3+n 3 2 5 5 4+9 x3+16 3+2 8x+49 5 2+2h 7+l 3+5 3+11 3+5 3+7 2 2 2 2+h
  2 2 2 2 2 2 4+1g 2+4 2 6+2 2+2 2 2 4+2 4+4 6+2 2+6 2 6+2 2+2 2 2 2ln 6 2b+m a+6 2+6 2+6 2+6 2+6 2+6
  2+6 2+6 fb+2 1m+2d 3+1 3+1 3+2h 2+2 7+14 2 35+v g1+533 1t+g73 1a8 48+8 2x 5 5+1 n 4 a+1 7+a 6+1 2
  2+4 em+n 2q+m 4+5 3m+5 3+5 3+5 a+6 2+6 1k+1 49+8mb 6sr+1 2 2+1 b 2 2+1 3+2 4wo 2 1k+1 ib8+1 cvi+3
  1a+2 i+3 909+u 1qa+6 2+3 2+1 2+e 4qq+wyn x+37c 8+65 3+4g1 f+5rk 3z4+3t6
`;

const BASE = 36;

/** The characters as ranges of a class in a regular expression. */
export function readIdentifierCharacters(): string {
  let last = 0;
  const ranges = RANGES.trim()
    .split(/\s+/)
    .map((range) => {
      const [distance = 0, more = 0] = range.split('+').map((digits) => Number.parseInt(digits, BASE));
      const first = last + distance;
      last = first + more;
      return `${String.fromCodePoint(first)}-${String.fromCodePoint(last)}`;
    });
  return ranges.join('');
}

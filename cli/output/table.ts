import type { Style } from './style.ts';
import { toText } from './text.ts';
import { fit, pad, widthOf } from './width.ts';

/** A column of a table. */
export interface Column<T> {
  readonly title: string;
  of(row: T): unknown;
}

const GAP = '   ';
/** No column of a table that is too wide gets narrower, unless its texts are. */
const LEAST_WIDTH = 8;

/** Writes rows of a table, whose columns the first rows decide. */
export interface Table<T> {
  lines(rows: readonly T[]): string[];
}

/** A table that fits into the width of the terminal; as wide as its texts where there is none. */
export function makeTable<T>(
  columns: readonly Column<T>[],
  available: number | null,
  style: Style,
): Table<T> {
  let widths: number[] | undefined;

  function lineOf(texts: readonly string[], chosen: readonly number[]): string {
    const cells = texts.map((text, at) => {
      const width = chosen[at] ?? 0;
      const cell = available === null ? text : fit(text, width);
      return at === texts.length - 1 ? cell : pad(cell, width);
    });
    return cells.join(GAP).trimEnd();
  }

  return {
    lines(rows) {
      const texts = rows.map((row) => columns.map((column) => toText(column.of(row))));
      const titles = columns.map(({ title }) => title);
      const heading = widths === undefined;
      widths ??= narrowed(
        columns.map((_, at) => widest([titles, ...texts], at)),
        available ?? Infinity,
      );
      const chosen = widths;
      const lines = texts.map((cells) => lineOf(cells, chosen));
      return heading ? [style.dim(lineOf(titles, chosen)), ...lines] : lines;
    },
  };
}

function widest(rows: readonly (readonly string[])[], at: number): number {
  return rows.reduce((most, cells) => Math.max(most, widthOf(cells[at] ?? '')), 0);
}

/** Takes columns off the widest until the line fits. */
function narrowed(widths: readonly number[], available: number): number[] {
  const chosen = [...widths];
  const gaps = GAP.length * (widths.length - 1);
  for (let excess = chosen.reduce((sum, width) => sum + width, gaps) - available; excess > 0; excess--) {
    const most = Math.max(...chosen);
    if (most <= LEAST_WIDTH) break;
    chosen[chosen.indexOf(most)] = most - 1;
  }
  return chosen;
}

/** Work that must not begin before the answer of its request is given. */
export interface Afterwards {
  /** Begins the work once the answer is given, at once if it is. */
  add(work: () => void): void;
  /** The answer is given. */
  begin(): void;
}

export function makeAfterwards(): Afterwards {
  let waiting: (() => void)[] | null = [];
  return {
    add(work) {
      if (waiting) waiting.push(work);
      else work();
    },
    begin() {
      const works = waiting ?? [];
      waiting = null;
      for (const work of works) work();
    },
  };
}

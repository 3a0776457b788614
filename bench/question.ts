/** One line of the table: the question, and how this product and its peers answered it in one run. */
export interface Result {
  /** The subject of the row, e.g. `memory hit, synchronous`. */
  readonly question: string;
  /** The measured quantity with its unit, e.g. `ns/op`. */
  readonly measure: string;
  readonly ours: string;
  /** The peers, each by name and figure. */
  readonly peers: string;
  /** The ratio of ours to the peer that the target names. */
  readonly ratio: string;
  readonly target: string;
  /** True when a counted figure meets its target; null for a timing, which only reports. */
  readonly met: boolean | null;
}

/** A question of the benchmark. It runs in a process of its own. */
export interface Question {
  readonly name: string;
  ask(): Promise<readonly Result[]>;
}

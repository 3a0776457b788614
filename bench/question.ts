/** One line of the table: what was asked, and how this product and its peers answered it in one run. */
export interface Result {
  /** What the row is about, e.g. `memory hit, synchronous`. */
  readonly question: string;
  /** What was measured, with its unit, e.g. `ns/op`. */
  readonly measure: string;
  readonly ours: string;
  /** The peers, each with its name and figure. */
  readonly peers: string;
  /** Ours against the peer that the target names. */
  readonly ratio: string;
  readonly target: string;
  /** Whether a counted figure meets its target; null for a timing, which only reports. */
  readonly met: boolean | null;
}

/** A question of the benchmark, asked in a process of its own. */
export interface Question {
  readonly name: string;
  ask(): Promise<readonly Result[]>;
}

/** The number of rows that a deletion deleted, or with `dryRun` would delete. */
export interface Deletion {
  readonly dryRun: boolean;
  readonly accounts: number;
  readonly users: number;
  readonly userProfiles: number;
  readonly keys: number;
}

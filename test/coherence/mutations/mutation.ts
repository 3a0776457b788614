/** A change of the code that must break the property. */
export interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** A change that does not, and why. */
export interface HarmlessMutation extends Mutation {
  readonly why: string;
}

/** The text occurs once in the file. */
interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

import { EXIT, Failure, usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';

interface Confirmation {
  /** The text that the user types to confirm, and its name. */
  readonly name: string;
  readonly nameOfName: string;
}

/** Has the user type a name; throws a failure for another one, and where nobody is at the terminal. */
export async function confirm(io: Pick<Io, 'ask'>, { name, nameOfName }: Confirmation): Promise<void> {
  const typed = await io.ask(`Type ${nameOfName} to go on: `);
  if (typed === null) throw usageFailure('Nobody is here to confirm this.', 'Give --yes to do it unasked.');
  if (typed.trim() !== name) throw new Failure(EXIT.refused, 'That is another name. Nothing was changed.');
}

import type { Session } from '../api/session.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output/output.ts';
import type { Flags, Values } from './flags.ts';

/** A command gets these when it runs. */
export interface Invocation<A extends string, F extends Flags> {
  readonly args: Readonly<Record<A, string>>;
  readonly flags: Values<F>;
  readonly output: Output;
  readonly io: Io;
  /** Finds the service and the key; throws `Failure` where there are none. */
  session(): Promise<Session>;
}

export interface CommandSpec<A extends string, F extends Flags> {
  /** The words after `edge-accounts`, e.g. `accounts list`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** The arguments in their order, with their descriptions. */
  readonly args: Readonly<Record<A, string>>;
  /** The last argument, if the command runs without it; it is then empty. */
  readonly optional?: A;
  readonly flags: F;
  /** Two command lines, without `edge-accounts`, that work on the local stack. */
  readonly examples: readonly [string, string];
  /** The page of the documentation about it, e.g. `docs/undo.md`. */
  readonly page: string;
  /** It asks no service, so it takes no context and no URL. */
  readonly isLocal?: boolean;
  run(invocation: Invocation<A, F>): Promise<void>;
}

export type AnyCommand = CommandSpec<string, Flags>;

/** Declares a command. */
export function defineCommand<const A extends string, const F extends Flags>(
  spec: CommandSpec<A, F>,
): AnyCommand {
  return spec;
}

/** The exit codes of every command. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  unavailable: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a sentence on stderr and an exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  /** The next thing to do, on a line of its own. */
  readonly advice: string | null;

  constructor(exitCode: ExitCode, sentence: string, advice: string | null = null) {
    super(sentence);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

export function usageFailure(sentence: string, advice: string | null = null): Failure {
  return new Failure(EXIT.usage, sentence, advice);
}

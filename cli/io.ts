/** The world as the command line needs it, so that tests can run it in their own process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Asks a person for a line; null if nobody is at a terminal. */
  ask(question: string): Promise<string | null>;
  /** The same, without showing what is typed. */
  askHidden(question: string): Promise<string | null>;
  /** All of stdin; null if stdin is a terminal. */
  readStdin(): Promise<string | null>;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Opens the page in the browser of the machine; false where that fails. */
  openPage(url: string): Promise<boolean>;
  /** Aborts when the user interrupts the command. */
  readonly interrupted: AbortSignal;
}

/** A stream of text. */
export interface Sink {
  /** Resolves once more may be written. */
  write(text: string): Promise<void>;
  readonly isTerminal: boolean;
  /** Characters in a line; null if it is no terminal. */
  readonly columns: number | null;
}

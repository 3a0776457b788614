/** Takes one line of a Worker's console. */
export type LogLine = (level: string, line: string) => void;

export interface WorkerLog {
  readonly write: LogLine;
  /**
   * Runs a start of workerd. If the start fails, the error is the first line that workerd printed, and the rest is
   * dropped.
   */
  whileStarting<T>(start: Promise<T>): Promise<T>;
}

/** Passes lines on, except those of a start that fails. */
export function makeWorkerLog(print: LogLine): WorkerLog {
  let held: [level: string, line: string][] | null = null;
  return {
    write: (level, line) => void (held ? held.push([level, line]) : print(level, line)),
    async whileStarting(start) {
      const lines: [level: string, line: string][] = [];
      held = lines;
      try {
        const started = await start;
        held = null;
        for (const line of lines) print(...line);
        return started;
      } catch (error) {
        held = null;
        const [, reason] = lines.find(([level]) => level === 'error') ?? [];
        throw reason === undefined ? error : new Error(reason, { cause: error });
      }
    },
  };
}

type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** Structured log; never given keys, personal data, SQL or the text of a store's error. */
export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** One JSON object a line, as Workers Logs index it. */
export const consoleLog: Log = {
  info: (event, fields) => console.log(JSON.stringify({ level: 'info', event, ...fields })),
  warn: (event, fields) => console.warn(JSON.stringify({ level: 'warn', event, ...fields })),
  error: (event, fields) => console.error(JSON.stringify({ level: 'error', event, ...fields })),
};

/** The log of one request: each line names it. */
export function logOfRequest(requestId: string): Log {
  return {
    info: (event, fields) => consoleLog.info(event, { ...fields, requestId }),
    warn: (event, fields) => consoleLog.warn(event, { ...fields, requestId }),
    error: (event, fields) => consoleLog.error(event, { ...fields, requestId }),
  };
}

/** Drops lines that equal one of the last `forMs` ms; by default, of any time before. */
export function withoutRepeats(log: Log, forMs = Infinity, now: () => number = Date.now): Log {
  const saidAtMs = new Map<string, number>();
  const sayOnce =
    (level: keyof Log): Log[keyof Log] =>
    (event, fields) => {
      const line = JSON.stringify([level, event, fields]);
      const nowMs = now();
      const agoMs = nowMs - (saidAtMs.get(line) ?? -Infinity);
      // A clock that was set back must not silence a line.
      if (agoMs >= 0 && agoMs < forMs) return;
      saidAtMs.set(line, nowMs);
      log[level](event, fields);
    };
  return { info: sayOnce('info'), warn: sayOnce('warn'), error: sayOnce('error') };
}

/** Describes an error for the log by its name and SQLSTATE. Messages are left out because they may contain whole commands. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  // Neon's driver stores the cause of an error as `sourceError`.
  const reason = 'sourceError' in error ? error.sourceError : error.cause;
  const cause = reason instanceof Error ? ` < ${describeError(reason)}` : '';
  return `${error.name}${code}${cause}`;
}

export interface HttpAnswer {
  status: number;
  /** JSON text. */
  body: string;
}

export interface Refusal extends Error {
  status: number;
  details: Record<string, string>;
}

/** An error that `answerError` may show to the caller. */
export function refusal(status: number, message: string, details: Record<string, string> = {}): Refusal {
  return Object.assign(new Error(message), { status, details });
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error && 'details' in error;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function json(status: number, value: unknown): HttpAnswer {
  return { status, body: JSON.stringify(value) };
}

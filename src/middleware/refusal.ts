import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorCode } from '../shapes/error-code.ts';

/** Ends a request that has no active account. */
export class AccountRefusal extends HTTPException {
  override readonly name = 'AccountRefusal';
  readonly #answer: Response;
  readonly #body: ArrayBuffer;

  private constructor(message: string, answer: Response, body: ArrayBuffer, cause: unknown) {
    // Any status may be answered. Hono's type leaves out those without a body.
    super(answer.status as ContentfulStatusCode, { message, cause });
    this.#answer = answer;
    this.#body = body;
  }

  static async make(message: string, answer: Response, cause?: unknown): Promise<AccountRefusal> {
    return new AccountRefusal(message, answer, await answer.arrayBuffer(), cause);
  }

  /** A new response on every call, because the app's error handler may have used one. */
  override getResponse(): Response {
    return new Response(this.#body.byteLength > 0 ? this.#body : null, this.#answer);
  }
}

const statuses = { account_does_not_exist: 404, account_is_inactive: 403, unavailable: 503 } as const;

/** Long enough for a directory that restarts. */
const RETRY_AFTER_S = '2';

/** The answer by RFC 9457 where the app gives none. */
export function problemResponse(code: ErrorCode & keyof typeof statuses, title: string): Response {
  const status = statuses[code];
  return new Response(JSON.stringify({ type: 'about:blank', title, status, code }), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 503 && { 'Retry-After': RETRY_AFTER_S }),
    },
  });
}

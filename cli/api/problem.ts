import { EXIT, type ExitCode, Failure } from '../failure.ts';
import { harmless } from '../output/text.ts';

/** A refusal of the service, by RFC 9457, as far as it is known to have arrived whole. */
interface Problem {
  readonly detail?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly errors?: readonly { readonly in: string; readonly name: string; readonly detail: string }[];
  readonly candidates?: readonly { readonly id: number; readonly username: string; readonly email: string }[];
}

const CODES: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  408: EXIT.unavailable,
  429: EXIT.unavailable,
};

const ADVICE: Readonly<Record<string, string>> = {
  unauthorized: 'Give another key: set EDGE_ACCOUNTS_KEY, or run `edge-accounts context add`.',
  forbidden: '`edge-accounts whoami` shows what the key may do.',
  precondition_failed: 'Somebody changed it meanwhile. Look at it, and run the command again.',
  too_many_requests: 'Wait a minute, and run the command again.',
  unavailable: 'Run the command again in a moment. What it was about to change may have changed.',
  last_admin_is_protected: 'Run the command again with --force to insist.',
  cursor_expired: 'Read everything anew, and go on from there: the changes in between are not kept.',
};

/** The failure that tells a person of an answer that is not ok. */
export async function failureOf(response: Response): Promise<Failure> {
  const body = await response.text();
  const problem = parseProblem(body);
  const requestId = problem.requestId ?? response.headers.get('X-Request-Id');
  const code = CODES[response.status] ?? (response.status >= 500 ? EXIT.unavailable : EXIT.refused);
  const sentence = `${sentenceOf(problem, response)}${requestId ? ` (request ${harmless(requestId)})` : ''}`;
  return new Failure(code, sentence, adviceOn(problem));
}

function parseProblem(body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function sentenceOf({ detail, errors }: Problem, { status, url }: Response): string {
  if (errors && errors.length > 0) {
    const faults = errors.map(({ name, detail: fault }) => `${name} ${fault}`);
    return `The service refuses the input: ${harmless(faults.join('; '))}.`;
  }
  if (!detail) {
    const where = URL.parse(url)?.host ?? 'the service';
    return `${where} answered ${status} without a reason: is it Edge Accounts?`;
  }
  const sentence = harmless(detail.charAt(0).toUpperCase() + detail.slice(1));
  return /[.?!]$/.test(sentence) ? sentence : `${sentence}.`;
}

function adviceOn({ code, candidates }: Problem): string | null {
  if (candidates && candidates.length > 0) {
    const lines = candidates.map(({ id, username, email }) => `  ${id}   ${username}   ${email}`);
    return `Give the id of one of them:\n${lines.map(harmless).join('\n')}`;
  }
  return ADVICE[code ?? ''] ?? null;
}

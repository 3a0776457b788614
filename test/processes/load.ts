import { Agent, get, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { LOCAL_KEY } from '../../local/stack.ts';
import type { Question } from './town.ts';

/** `right` is the one right answer, `unavailable` an honest 503, and `wrong` any other answer. */
export type Verdict = 'right' | 'unavailable' | 'wrong';

/** The outcome of one request; times in ms on the clock of this process. */
export interface Sample {
  readonly question: Question;
  readonly dueMs: number;
  readonly answeredMs: number;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly cacheStatus: string;
  readonly verdict: Verdict;
  /** The reason for a wrong answer. */
  readonly reason?: string;
}

export interface Load {
  /** Resolves with every sample once all requests have ended. */
  readonly samples: Promise<readonly Sample[]>;
  /** Sends no more requests. */
  stop(): void;
}

/** A caller waits as long as a busy machine may need. */
const PATIENCE_MS = 120_000;
/** This end of an idle connection comes before workerd's, so that no request meets a connection that closes. */
const IDLE_MS = 2_000;

interface LoadOptions {
  readonly ratePerS: number;
  /** No further request falls due while so many are unanswered: a machine that cannot keep up gets no backlog. */
  readonly mostUnanswered: number;
}

/**
 * Sends requests at a rate, each at its due time whether or not earlier ones were answered. Latency counts from the due
 * time, so that a delay of the sender counts too.
 */
export function startLoad(
  url: string,
  { ratePerS, mostUnanswered }: LoadOptions,
  next: () => Question,
): Load {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const requests: Promise<Sample>[] = [];
  const stopped = new AbortController();

  const unanswered = new Set<Promise<Sample>>();

  function askOne(dueMs: number): void {
    const request = ask(agent, url, next(), dueMs);
    requests.push(request);
    unanswered.add(request);
    void request.then(() => unanswered.delete(request));
  }

  async function send(): Promise<readonly Sample[]> {
    let dueMs = performance.now();
    while (!stopped.signal.aborted) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      else if (unanswered.size >= mostUnanswered) {
        await Promise.race(unanswered);
        dueMs = performance.now();
      } else {
        askOne(dueMs);
        dueMs += 1_000 / ratePerS;
      }
    }
    const samples = await Promise.all(requests);
    agent.destroy();
    return samples;
  }

  return { samples: send(), stop: () => stopped.abort() };
}

/** Sends one request now. */
export function askNow(
  url: string,
  question: Question,
  headers: Record<string, string> = {},
): Promise<Sample> {
  return ask(undefined, url, question, performance.now(), headers);
}

async function ask(
  agent: Agent | undefined,
  url: string,
  question: Question,
  dueMs: number,
  headers: Record<string, string> = {},
): Promise<Sample> {
  const answer = await fetchText(agent, `${url}${question.path}`, headers).catch(String);
  const answeredMs = performance.now();
  const common = { question, dueMs, answeredMs };
  if (typeof answer === 'string') {
    return { ...common, status: 0, cacheStatus: '', verdict: 'wrong', reason: answer };
  }
  const {
    status,
    headers: { 'cache-status': cacheStatus = '' },
  } = answer;
  return { ...common, status, cacheStatus: String(cacheStatus), ...judge(question, answer) };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function fetchText(agent: Agent | undefined, url: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${LOCAL_KEY}`;
    const options = {
      agent,
      headers: { authorization, ...headers },
      signal: AbortSignal.timeout(PATIENCE_MS),
    };
    get(url, options, (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      text(response).then((body) => resolve({ status, headers: answered, body }), reject);
    }).on('error', reject);
  });
}

function judge({ status, body }: Question, answer: Answer): Pick<Sample, 'verdict' | 'reason'> {
  const told = parseJson(answer.body);
  const isRight = status === 404 ? isProblem(answer, told, body) : isDeepStrictEqual(told, body);
  if (answer.status === status && isRight) return { verdict: 'right' };
  const isHonest =
    isProblem(answer, told, { code: 'unavailable' }) && Number(answer.headers['retry-after']) > 0;
  if (answer.status === 503 && isHonest) return { verdict: 'unavailable' };
  return { verdict: 'wrong', reason: `${answer.status} ${answer.body}` };
}

function isProblem({ status, headers }: Answer, told: unknown, { code }: { code?: unknown }): boolean {
  if (headers['content-type'] !== 'application/problem+json') return false;
  return typeof told === 'object' && told !== null && 'code' in told && 'status' in told
    ? told.code === code && told.status === status
    : false;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

import { expect } from 'vitest';
import { Problem, problems, type ProblemCode } from '../../../src/http/response/problem.ts';

/** Expects a whole problem of the code, with everything that every problem must have; answers it. */
export async function expectProblem(response: Response, code: ProblemCode): Promise<Problem> {
  const problem = Problem.strict().parse(await response.json());
  const { status, title } = problems[code];
  expect(problem).toMatchObject({ code, status, title, type: `/docs#problem-${code}` });
  expect(problem.detail).not.toBe('');
  expect(problem.requestId).toBe(response.headers.get('X-Request-Id'));
  expect(problem.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.status).toBe(status);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  return problem;
}

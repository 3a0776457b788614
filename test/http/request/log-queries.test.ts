import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import page from '../../../docs/operations.md?raw';
import { drainOutbox } from '../../../src/jobs/drain-outbox.ts';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import { emptyRedis, get, newIsolate, send, sql, useStack, whileAway } from '../../support/stack.ts';

const stack = useStack({ LOG_REQUESTS: 'true' });
const NUMBER = '1234-5678-9012';
type Line = Readonly<Record<string, unknown>>;

/** The filters of the page, by their questions. */
const filters = new Map(
  [...page.matchAll(/^\| ([^|]+\?) +\| `(\.[^|`]+)` +\|$/gm)].map(([, question = '', filter = '']) => [
    question.trim(),
    filter,
  ]),
);

/** Reads a filter of jq that compares fields with constants; jq and JavaScript compare these alike, and null with nothing. */
function selectBy(filter: string): (line: Line) => boolean {
  const [first = [], ...others] = filter.split(' or ').map((part) => {
    const [, field = '', operator = '', constant = ''] = /^\.(\w+) (==|!=|>=) (.+)$/.exec(part) ?? [];
    return [field, operator, JSON.parse(constant)] as const;
  });
  const compare = (line: Line, [field, operator, constant]: readonly unknown[]): boolean => {
    const value = line[String(field)];
    if (operator === '>=') return Number(value) >= Number(constant);
    return (value === constant) === (operator === '==');
  };
  return (line) => [first, ...others].some((part) => compare(line, part));
}

let lines: Line[] = [];

beforeEach(() => {
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(JSON.parse(line) as Line));
});

afterEach(() => vi.restoreAllMocks());

async function call<T>(
  act: (directory: AccountDirectory) => Promise<T>,
  scopes = ['directory:read'],
  env = stack.current.env,
) {
  const ctx = Object.assign(createExecutionContext(), { props: { name: 'door', scopes } });
  await act(new AccountDirectory(ctx, env)).catch(() => {});
  await waitOnExecutionContext(ctx);
}

/** Requests and calls of every kind that the page asks for. */
async function ask(): Promise<void> {
  const requestId = 'front-door-1';
  await call((directory) => directory.getAccount(NUMBER, { requestId }));
  await call((directory) => directory.deleteAccount(NUMBER, { dryRun: true, requestId }));
  await call((directory) => directory.getCachedUserForUsername('nobody', { requestId }));
  await get(stack.current, `/v1/accounts/${NUMBER}`);
  await get(stack.current, '/v1/accounts/0000-0000-0000');
  await send(stack.current, `/v1/accounts/${NUMBER}`);
  await sql(stack.current, `update users set first_name = 'x' where id = 3`);
  const ctx = createExecutionContext();
  await drainOutbox(stack.current.env, ctx, 'run');
  await waitOnExecutionContext(ctx);
  await emptyRedis(stack.current);
  const away = newIsolate(stack.current);
  await whileAway(away, ['postgres', 'redis'], async () => {
    await get(away, '/v1/accounts/default');
    await call((directory) => directory.getCachedDefaultAccount({ requestId }), undefined, away.env);
  });
}

const known = {
  'What concerned this account?': ['getAccount', 'deleteAccount', 'GET 200', 'GET 401'],
  'What became of one request?': [
    'getAccount',
    'deleteAccount',
    'user_does_not_exist',
    'getCachedUserForUsername',
    'getCachedDefaultAccount',
  ],
  'What did this caller do?': [
    'getAccount',
    'deleteAccount',
    'getCachedUserForUsername',
    'getCachedDefaultAccount',
  ],
  'Who calls this method?': ['getAccount'],
  'Who asks this route?': ['GET 200', 'GET 404', 'GET 401'],
  'Who was refused?': ['deleteAccount', 'GET 401'],
  'What was not there?': ['getCachedUserForUsername', 'GET 404'],
  'What failed?': ['GET 503', 'getCachedDefaultAccount'],
  'What asked Postgres?': ['getAccount', 'getCachedUserForUsername', 'GET 404'],
  'What else was said, such as of an outage?': ['user_does_not_exist', 'origin_failed'],
  'What did the drain do?': ['outbox_drained'],
  'What was slow?': [],
} as const;

const nameOf = ({ event, rpc, method, status }: Line): string => {
  if (event !== 'request') return String(event);
  return typeof rpc === 'string' ? rpc : `${String(method)} ${String(status)}`;
};

beforeAll(async () => {
  await emptyRedis(stack.current);
});

test('every filter of the page selects the lines of its question', async () => {
  await ask();
  expect([...filters.keys()].toSorted()).toEqual(Object.keys(known).toSorted());
  for (const [question, expected] of Object.entries(known)) {
    const select = selectBy(filters.get(question) ?? '');
    const found = new Set(lines.filter(select).map(nameOf));
    // A machine may be slow, and what an outage makes the stores say differs with the time it takes.
    if (question.startsWith('What was slow') || question.startsWith('What asked')) {
      for (const line of lines.filter(select)) expect(line).toMatchObject({ event: 'request' });
    } else if (question.startsWith('What else') || question.startsWith('What became')) {
      for (const name of expected) expect(found).toContain(name);
    } else expect([question, found]).toEqual([question, new Set(expected)]);
  }
  lines = [];
});

test('lines are selected by the number that jq compares', () => {
  const slow = selectBy(filters.get('What was slow?') ?? '');
  expect([{ ms: 250 }, { ms: 249 }, {}, { ms: 4_000 }].map(slow)).toEqual([true, false, false, true]);
  const stored = selectBy(filters.get('What asked Postgres?') ?? '');
  expect([{ postgresMs: 0 }, { postgresMs: 3 }, {}].map(stored)).toEqual([true, true, false]);
});

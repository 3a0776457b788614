import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { describe } from './describe.ts';

const USAGE = 'usage: KEY=… npm run smoke -- https://api.example.com [--account 1234-5678-9012]';
const ANSWER_LIMIT_MS = 10_000;
/** An account number that the host of the smoke test carries; no account needs to have it. */
const ANY_NUMBER = '3141-5926-5359';
/** The next requests may reach an isolate, or even a place, that has not answered the read. */
const REPEATS = 3;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Runs a check, and says in words what it found. Throws the fault, or the reason why the check does not apply. */
type Check = () => Promise<string>;

/** The check says nothing about this deployment. */
class Skipped extends Error {}

const Store = z.object({ state: z.string(), ms: z.number() });
const Readiness = z.object({ redis: Store, postgres: Store });
const OpenApi = z.object({ info: z.object({ version: z.string() }) });
const Explained = z.object({ accountNumber: z.string().nullable(), reason: z.string() });
const Problem = z.object({ code: z.string() });
const Context = z.object({ accountNumber: z.string(), account: z.object({ isActive: z.boolean() }) });

/** Asks as a caller does. Names below localhost are this machine, for which not every resolver knows them. */
function ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { protocol, hostname } = new URL(url);
  const request = protocol === 'https:' ? requestHttps : requestHttp;
  const isLocal = hostname.endsWith('.localhost');
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    url,
    {
      headers,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      ...(isLocal && { hostname: '127.0.0.1', headers: { ...headers, Host: new URL(url).host } }),
    },
    (response) => {
      const { statusCode: status = 0, headers: received } = response;
      text(response)
        .then((body) => ({ status, headers: received, body: parse(body) }))
        .then(resolve, reject);
    },
  );
  sent.on('error', reject).end();
  return promise;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function requireStatus({ status, body }: Answer, expected: readonly number[]): void {
  if (expected.includes(status)) return;
  const code = Problem.safeParse(body).data?.code ?? '';
  throw new Error(`it answers ${status} ${code}`.trim());
}

/** Without hosts of accounts a deployment may be right, as at an address of workers.dev. */
async function numberOfHost(origin: string, hasAccounts: boolean): Promise<string> {
  const { protocol, host } = new URL(origin);
  const url = encodeURIComponent(`${protocol}//hr.${ANY_NUMBER}.${host}/`);
  const { body } = await ask(`${origin}/v1/account-number?url=${url}&explain=true`);
  const { accountNumber, reason } = Explained.parse(body);
  if (accountNumber === ANY_NUMBER) return accountNumber;
  if (reason === 'outside_suffixes' && !hasAccounts)
    throw new Skipped(`ACCOUNT_HOST_SUFFIXES names other hosts than ${host}; ask one of them too`);
  throw new Error(`${reason}; look at ACCOUNT_HOST_SUFFIXES`);
}

/** The checks of a deployment, in the order in which a fault shows best. None of them changes a row. */
function checksOf(origin: string, key: string, account: string | undefined): Record<string, Check> {
  const keyed = { Authorization: `Bearer ${key}` };
  const { protocol, host } = new URL(origin);
  return {
    'the Worker answers': async () => {
      requireStatus(await ask(`${origin}/healthz`), [200]);
      const { info } = OpenApi.parse((await ask(`${origin}/openapi.json`)).body);
      return `version ${info.version}`;
    },
    'both stores answer': async () => {
      const { redis, postgres } = Readiness.parse((await ask(`${origin}/readyz`)).body);
      for (const [name, { state }] of Object.entries({ redis, postgres }))
        if (state !== 'ok') throw new Error(`${name}: ${state}`);
      return `Redis in ${redis.ms} ms, Postgres in ${postgres.ms} ms`;
    },
    'a host of this deployment has an account number': () => numberOfHost(origin, account !== undefined),
    'no key is refused': async () => {
      requireStatus(await ask(`${origin}/v1/users/1`), [401]);
      return 'unauthorized';
    },
    'the key is good, and a read reaches the tables': async () => {
      const answer = await ask(`${origin}/v1/users/1`, keyed);
      requireStatus(answer, [200, 404]);
      return `status ${answer.status}`;
    },
    'an answer is kept': async () => {
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        const cacheStatus = String((await ask(`${origin}/v1/users/1`, keyed)).headers['cache-status']);
        if (/\bhit\b/.test(cacheStatus)) return cacheStatus;
      }
      throw new Error(`none of ${REPEATS} reads was a hit`);
    },
    ...(account !== undefined && {
      'the host of an account is served': async () => {
        const answer = await ask(`${protocol}//hr.${account}.${host}/v1/context`, keyed);
        requireStatus(answer, [200]);
        return Context.parse(answer.body).account.isActive ? 'active' : 'inactive';
      },
    }),
  };
}

async function run(checks: Record<string, Check>): Promise<boolean> {
  let isGood = true;
  for (const [name, check] of Object.entries(checks)) {
    const line = await check().then(
      (found) => `ok      ${name}: ${found}`,
      (error: unknown) => {
        if (error instanceof Skipped) return `skipped ${name}: ${error.message}`;
        isGood = false;
        return `FAILED  ${name}: ${describe(error)}`;
      },
    );
    console.log(line);
  }
  return isGood;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { account: { type: 'string' } },
});
const [origin, ...others] = positionals.map((positional) => positional.replace(/\/$/, ''));
const { KEY: key } = process.env;
if (!origin || others.length > 0 || !/^https?:\/\//.test(origin) || !URL.canParse(origin) || !key) {
  console.error(USAGE);
  process.exitCode = 1;
} else if (!(await run(checksOf(origin, key, values.account)))) process.exitCode = 1;

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installProject, type Project, runOwn } from './project.ts';

let project: Project;

beforeAll(async () => {
  project = await installProject();
});

afterAll(() => project.close());

const anywhere = `
  import {
    type Account, accountNumberFromUrl, type ErrorCode, explainAccountNumber, parseApiKey, type UserProfile,
  } from 'edge-accounts';
  import { makeClient } from 'edge-accounts/client';
  import { accountContext, requireAccount } from 'edge-accounts/hono';
  import { Hono } from 'hono';

  export const number: string | null = accountNumberFromUrl('https://example.com');
  export const reason: string = explainAccountNumber('https://example.com').reason;
  export const id: number | undefined = parseApiKey('')?.id;
  export const code: ErrorCode = 'unavailable';
  // @ts-expect-error -- no such code
  export const wrong: ErrorCode = 'gone';

  const client = makeClient({ baseUrl: 'http://127.0.0.1', key: 'k' });
  export async function read(): Promise<Account> {
    const answer = await client.v1.accounts[':accountNumber'].$get({ param: { accountNumber: 'x' } });
    if (!answer.ok) throw new Error('absent');
    const account = await answer.json();
    // @ts-expect-error -- no such field
    account.nothing;
    return account;
  }
  // @ts-expect-error -- no such route
  client.v1.nothing;

  export const app = new Hono()
    .use(accountContext({ client: () => client }))
    .get('/', requireAccount(), async (c) => {
      const accountNumber: string = c.var.accountNumber;
      const account: Account = await c.var.account();
      // @ts-expect-error -- no such variable
      c.var.nothing;
      return c.text(accountNumber + account.companyName);
    });
  // @ts-expect-error -- a binding and a client
  accountContext({ client: () => client, binding: () => ({ getAccount: async () => null }) });
  export type Name = UserProfile['user']['username'];
`;

const worker = `
  import type { Account, AccountDirectory } from 'edge-accounts/rpc';
  export { AccountDirectory as Directory, default } from 'edge-accounts/worker';
  import { accountContext } from 'edge-accounts/hono';

  interface Bindings { readonly ACCOUNTS: Service<AccountDirectory> }
  export async function find({ ACCOUNTS }: Bindings): Promise<Account | null> {
    const { value } = await ACCOUNTS.createAccount({ companyName: 'x' }, { idempotencyKey: 'k' });
    // @ts-expect-error -- no such method
    ACCOUNTS.nothing();
    // @ts-expect-error -- no such field
    await ACCOUNTS.createAccount({ company: 'x' });
    return ACCOUNTS.getAccount(value.accountNumber);
  }
  export const accounts = accountContext({ binding: ({ ACCOUNTS }: Bindings) => ACCOUNTS });
`;

const resolutions = { nodenext: 'nodenext', bundler: 'esnext' } as const;

/** Compiles modules in the project, and checks the declarations of all packages that they import. */
async function compile(modules: readonly string[], moduleResolution: keyof typeof resolutions, more: object) {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    module: resolutions[moduleResolution],
    moduleResolution,
    ...more,
  };
  const files = modules.map((_, n) => `module-${n}.ts`);
  for (const [n, code] of modules.entries()) await project.write(`module-${n}.ts`, code);
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const { output } = await runOwn('typescript/bin/tsc', ['-p', '.'], project.folder);
  return output.split('\n').filter((line) => line !== '');
}

const kinds = ['nodenext', 'bundler'] as const;

test.each(kinds)('its types hold in a %s project with the types of Node', async (kind) => {
  expect(await compile([anywhere], kind, { types: ['node'], lib: ['es2024'] })).toEqual([]);
});

test.each(kinds)('its types hold in a %s project with those of browsers', async (kind) => {
  expect(await compile([anywhere], kind, { types: [], lib: ['es2024', 'dom', 'dom.iterable'] })).toEqual([]);
});

test.each(kinds)('its types hold in a %s project of a Worker', async (kind) => {
  const options = { types: ['@cloudflare/workers-types'], lib: ['es2024'] };
  expect(await compile([anywhere, worker], kind, options)).toEqual([]);
});

test('beside a deployment, wrangler finds the methods of the binding in the package', async () => {
  const folder = await project.copyExample('hono');
  await project.copyExample('deployment');
  const args = ['types', '-c', 'wrangler.toml', '-c', '../deployment/wrangler.toml', 'env.d.ts'];
  expect(await runOwn('wrangler/bin/wrangler.js', args, folder)).toMatchObject({ isDone: true });
  const code = `
    export const find = ({ ACCOUNTS }: Env) => ACCOUNTS.getAccount('3141-5926-5359');
    // @ts-expect-error -- no such method
    export const wrong = ({ ACCOUNTS }: Env) => ACCOUNTS.nothing();`;
  const faults = await compile([code], 'bundler', { types: ['./hono/env.d.ts'], lib: ['es2024'] });
  expect(faults).toEqual([]);
});

test.each(kinds)('its types hold in a %s project with those that wrangler types writes', async (kind) => {
  const folder = await project.copyExample('hono');
  const args = ['types', join(project.folder, 'env.d.ts')];
  expect(await runOwn('wrangler/bin/wrangler.js', args, folder)).toMatchObject({ isDone: true });
  const faults = await compile([anywhere, worker], kind, { types: ['./env.d.ts'], lib: ['es2024'] });
  // The file that wrangler writes has faults of its own under nodenext.
  expect(faults.filter((line) => !line.startsWith('env.d.ts'))).toEqual([]);
});

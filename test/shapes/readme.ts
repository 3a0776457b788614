import { Hono } from 'hono';
import { makeClient } from 'edge-accounts/client';
import { accountContext, requireAccount } from 'edge-accounts/hono';
import type { AccountDirectory } from 'edge-accounts/rpc';

// The compiler checks here the code of the README. A test holds each line of the README to a line of this file.

type Env = { ACCOUNTS: Service<AccountDirectory> };

export async function askBinding(env: Env): Promise<string | undefined> {
  const account = await env.ACCOUNTS.getAccount('3141-5926-5359');
  return account?.companyName;
}

export function makeApp(): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  app.use(accountContext({ binding: (env: Env) => env.ACCOUNTS, suffixes: ['api.example.com'] }));
  app.get('/', requireAccount(), async (c) => c.text(`Welcome to ${(await c.var.account()).companyName}.`));
  return app;
}

export async function askOverHttp(): Promise<string | undefined> {
  const client = makeClient({ baseUrl: 'http://127.0.0.1:8787', key: 'ea_local_root' });
  const response = await client.v1.users[':userId'].$get({ param: { userId: '3' } });
  return response.ok ? (await response.json()).username : undefined;
}

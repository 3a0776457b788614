import { Hono } from 'hono';
import { accountContext, requireAccount } from 'edge-accounts/hono';
import type { AccountDirectory } from 'edge-accounts/rpc';

interface Bindings {
  readonly ACCOUNTS: Service<AccountDirectory>;
}

const accounts = accountContext({ binding: ({ ACCOUNTS }: Bindings) => ACCOUNTS });

/** Greets at `https://<client>.<account number>.<domain>/`. Only the page that needs the account asks for it. */
export default new Hono<{ Bindings: Bindings }>()
  .use(accounts)
  .get('/health', (c) => c.text('ok\n'))
  .get('/', requireAccount(), async (c) => {
    const { companyName } = await c.var.account();
    return c.text(`Welcome to ${companyName}.\n`);
  });

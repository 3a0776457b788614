import type { AccountDirectory } from 'edge-accounts/rpc';

interface ConsumerEnv {
  readonly ACCOUNTS: Service<AccountDirectory>;
}

/** A platform's front door: `http://<client>.<account number>.api.localhost:<port>/` greets for an active account. */
export default {
  async fetch(request, { ACCOUNTS }) {
    const accountNumber = await ACCOUNTS.accountNumberFromUrl(request.url);
    if (!accountNumber) return sentence(404, 'This address names no account.');
    try {
      const account = await ACCOUNTS.getAccount(accountNumber);
      if (!account) return sentence(404, `There is no account ${accountNumber}.`);
      if (!account.isActive) return sentence(403, `${account.companyName} is not active.`);
      return sentence(200, `Welcome to ${account.companyName}.`);
    } catch {
      // An outage is no absence and must not become a 404.
      return sentence(503, 'The account directory is away. Try again soon.');
    }
  },
} satisfies ExportedHandler<ConsumerEnv>;

function sentence(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}

import { Client } from 'pg';

/** Runs SQL as somebody at a prompt would. */
export interface Prompt {
  run(text: string, params: unknown[]): Promise<unknown[]>;
  close(): Promise<void>;
}

/**
 * A server gets a new connection for each statement, so that no setting of one reaches the next. The clients of an
 * embedded Postgres share one session anyway: there one connection serves all, which saves most of the time.
 */
export function makePrompt(url: string): Prompt {
  let kept: Promise<Client> | undefined;
  const isServer = process.env['DATABASE_URL'] !== undefined;
  return {
    async run(text, params) {
      if (!isServer) return (await (await (kept ??= connect(url))).query(text, params)).rows;
      const client = await connect(url);
      try {
        return (await client.query(text, params)).rows;
      } finally {
        await client.end();
      }
    },
    close: async () => (await kept)?.end(),
  };
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

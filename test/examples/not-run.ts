/** The blocks that are marked `no-run`, by their first lines, with the reason why no test of the pages runs them. */
export const notRun: Readonly<Record<string, string>> = {
  'npm ci && npm run dev': 'test/local/dev.test.ts runs it on ports of its own',
  'npm run check': 'it takes half a minute; .ci/run runs it',
  'SEED=123 RUN_PATH=45 npm test -- test/coherence/model.test.ts': 'it repeats a run that failed',
  'psql -h 127.0.0.1 -p 54320 -U postgres postgres': 'not every machine has psql and redis-cli',
  'DATABASE_URL=postgres://… npm run db:migrate': 'it needs accounts with Neon, Upstash and Cloudflare',
};

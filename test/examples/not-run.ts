/** The blocks that are marked `no-run`, by their first lines, with the reason why no test of the pages runs them. */
export const notRun: Readonly<Record<string, string>> = {
  'npm ci && npm run dev': 'test/local/dev.test.ts runs it on ports of its own',
  'npm install edge-accounts': 'npm run test:package installs the package into fresh projects',
  'npx wrangler types -c wrangler.toml -c ../accounts/wrangler.toml':
    'npm run test:package runs it beside a deployment',
  'cp -R node_modules/edge-accounts/examples/deployment accounts && cd accounts && npm install':
    'npm run test:package installs and runs the template',
  '$ npx edge-accounts context add staging --url https://accounts.staging.example.com':
    'test/cli/commands.test.ts runs the commands on a stack of its own',
  'npm run check': 'it takes half a minute; .ci/run runs it',
  'SEED=123 RUN_PATH=45 npm test -- test/coherence/model.test.ts': 'it repeats a run that failed',
  'psql -h 127.0.0.1 -p 54320 -U postgres postgres': 'not every machine has psql and redis-cli',
  'DATABASE_URL=postgres://… npm run db:migrate': 'it needs accounts with Neon, Upstash and Cloudflare',
  "$ DATABASE_URL='postgresql://…' npm run --silent db:migrate":
    'test/db/migrations.test.ts runs it on a database of its own',
  '$ npx wrangler login': 'it needs a browser; .ci/run has the dry runs',
  'KEY=$(openssl rand -base64 32) ENTRY=$(openssl rand -hex 32) && echo "$KEY $ENTRY"':
    'it needs an account with Cloudflare',
  'npm run deploy -- staging': 'it needs an account with Cloudflare',
  '$ KEY=ea_local_root npm run --silent smoke -- http://api.localhost:8787 --account 1234-5678-9012':
    'test/local/smoke.test.ts runs it',
  'number=1234-5678-9012 zone=https://api.cloudflare.com/client/v4/zones/$ZONE_ID':
    'it orders a certificate at Cloudflare',
  'npx wrangler secret put DATABASE_URL -c wrangler.origin.toml --env production':
    'it needs an account with Cloudflare; .ci/run has the dry runs',
  'npx wrangler rollback --env production': 'it needs an account with Cloudflare',
  ': "${NEW_SHA256:?}" "${OLD_SHA256:?}" &&': 'it needs an account with Cloudflare',
  'curl -X POST -H "Authorization: Bearer $UPSTASH_REDIS_REST_TOKEN" "$UPSTASH_REDIS_REST_URL/flushdb"':
    'it would empty the Redis of the pages that follow',
  'LOCAL_DATA=.local/data npm run dev': 'test/local/data-folder.test.ts keeps and opens such a folder',
  'cp .dev.vars.example .dev.vars':
    'it would write beside the source; a test compares the file with the local stack',
  'npx openapi-typescript http://127.0.0.1:8787/openapi.json --output edge-accounts.ts':
    'npm run test:generators runs the same tools',
  'npx wrangler tail edge-accounts --format json | jq -c \'.logs[].message[] | fromjson? | select(.account == "1234-5678-9012")\'':
    'it needs an account with Cloudflare; test/http/request/log-queries.test.ts runs the filters',
  "LOG_REQUESTS=true npm run dev | jq -cR 'fromjson? | select(.ms >= 250)'":
    'it runs until it is stopped, and not every machine has jq',
};

import { neonConfig } from '@neondatabase/serverless';
import { expect, test } from 'vitest';
import { endpointOf } from '../../src/db/neon.ts';

test.each([
  'postgres://u:p@ep-cool-name-123.eu-central-1.aws.neon.tech/main',
  'postgresql://u:p%40x@ep-cool-name-123-pooler.us-east-2.aws.neon.tech:5432/main?sslmode=require',
  'postgres://u:p@ep-x.c-2.eu-west-2.aws.neon.build/main',
])('%s is asked where Neon asks it', (databaseUrl) => {
  const url = new URL(databaseUrl);
  const { fetchEndpoint } = neonConfig;
  if (typeof fetchEndpoint !== 'function') throw new Error('the driver has no rule');
  expect(endpointOf(url)).toBe(fetchEndpoint(url.hostname, url.port, {}));
});

test.each([
  ['postgres://u:p@127.0.0.1:5433/x', 'http://127.0.0.1:5433/sql'],
  ['postgres://u:p@localhost/x', 'http://localhost/sql'],
  ['postgres://u:p@[::1]:1/x', 'http://[::1]:1/sql'],
])('%s stands behind a bridge', (databaseUrl, expected) => {
  expect(endpointOf(new URL(databaseUrl))).toBe(expected);
});

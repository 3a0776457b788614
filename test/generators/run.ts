// `npm run test:generators`: lints the OpenAPI document with Spectral, generates two clients from it, compiles them with
// TypeScript 5, and calls the local stack with each.
import assert from 'node:assert/strict';
import { LOCAL_KEY } from '../../local/stack.ts';
import { bundleWorker } from '../../local/bundle.ts';
import { findFreePorts, startDev } from '../support/local/dev-process.ts';
import type { Answers, Caller } from './clients/expectations.ts';
import { FOLDER, writeDocument } from './document.ts';
import { run } from './program.ts';

const GENERATED = 'clients/generated';

async function call(client: string, caller: Caller): Promise<void> {
  const code = await bundleWorker(`${FOLDER}clients/${client}.ts`);
  const { callApi }: { callApi: (caller: Caller) => Promise<Answers> } = await import(
    `data:text/javascript,${encodeURIComponent(code)}`
  );
  assert.deepEqual(await callApi(caller), {
    username: 'johndoe',
    absent: 'user_does_not_exist',
    listed: ['johndoe', 'janedoe'],
    changed: 'Changed by a client',
  });
  console.log(`the client of ${client} reads, is refused, lists, creates and changes`);
}

const document = await writeDocument();
run('spectral', 'lint', document, '--ruleset', 'spectral.yaml', '--fail-severity', 'hint');
run('openapi-typescript', document, '--output', `${GENERATED}/openapi-typescript.ts`);
run('openapi-ts', '--input', document, '--output', `${GENERATED}/hey-api`);
run('tsc', '--project', 'clients');

const ports = await findFreePorts();
const dev = startDev(process.cwd(), ports);
try {
  await dev.untilSays(/^ready$/);
  const caller = { baseUrl: `http://127.0.0.1:${ports.PORT}`, key: LOCAL_KEY };
  await call('openapi-typescript', caller);
  await call('hey-api', caller);
} finally {
  dev.kill();
  await dev.ended;
}

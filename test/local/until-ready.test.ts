import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { untilReady } from '../../local/until-ready.ts';

/**
 * A Worker whose stores get into these states one after the other, and stay in the last one. As `closed` it hangs up,
 * as `silent` it never answers, and as `problem` it answers one.
 */
async function startWorker(...states: readonly [string, ...string[]]) {
  let asked = 0;
  const server = createServer(({ socket }, response) => {
    const status = states[Math.min(asked++, states.length - 1)];
    if (status === 'closed') socket.destroy();
    else if (status === 'silent') return;
    else if (status === 'problem') response.writeHead(500).end('{"status":500,"code":"misconfigured"}');
    else response.writeHead(status === 'unavailable' ? 503 : 200).end(JSON.stringify({ status }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    timesAsked: () => asked,
  };
}

test('a start waits until both stores answer', async () => {
  const worker = await startWorker('closed', 'problem', 'unavailable', 'degraded', 'ready');
  await untilReady(worker.origin, { intervalMs: 0 });
  expect(worker.timesAsked()).toBe(5);
});

test('it ends with a sentence if one of them never does', async () => {
  const worker = await startWorker('degraded');
  await expect(untilReady(worker.origin, { attempts: 2, intervalMs: 0 })).rejects.toThrow(
    'the Worker did not reach both stores in 2 attempts.',
  );
});

test('a Worker that never answers ends it too', async () => {
  const worker = await startWorker('silent');
  await expect(untilReady(worker.origin, { attempts: 2, intervalMs: 0, answerLimitMs: 1 })).rejects.toThrow(
    'the Worker did not reach both stores in 2 attempts.',
  );
});

// A thread that runs the fleets it is sent, one at a time.
import { parentPort } from 'node:worker_threads';
import type { FleetConfig } from './config.ts';
import { runFleet } from './fleet.ts';

const port = parentPort;

async function answer(config: FleetConfig): Promise<void> {
  const reply = await runFleet(config).then(
    (measures) => ({ measures }),
    (error: unknown) => ({ failure: String(error) }),
  );
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  port?.postMessage(reply);
}

port?.on('message', (config: FleetConfig) => void answer(config));

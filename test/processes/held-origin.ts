import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEEP_OPEN } from '../../local/http-server.ts';

/** An origin for loads. The answer to each key waits until the test gives it. */
export interface HeldOrigin {
  readonly url: string;
  /** The number of loads of the key that have come. */
  loads(key: string): number;
  /** Answers the waiting loads of the key, and those to come. */
  answer(key: string): void;
  close(): void;
}

export async function startHeldOrigin(): Promise<HeldOrigin> {
  const loads = new Map<string, ServerResponse[]>();
  const answered = new Set<string>();
  const server = createServer(KEEP_OPEN, (request, response) => {
    const key = request.url?.slice(1) ?? '';
    loads.set(key, [...(loads.get(key) ?? []), response]);
    if (answered.has(key)) response.end(key);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A listening TCP server has an AddressInfo. The other types belong to pipes and closed servers.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loads: (key) => loads.get(key)?.length ?? 0,
    answer(key) {
      answered.add(key);
      for (const response of loads.get(key) ?? []) response.end(key);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

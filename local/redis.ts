import type { AddressInfo, Socket } from 'node:net';
import { createRedisCommandExecutor, RedisServerState, Resp2Server } from 'js-redis-server/core';

const HOST = '127.0.0.1';
// The default number of databases of a Redis.
const DATABASES = 16;

export interface RedisServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Starts an empty Redis in this process on the loopback `port` (0: any free port). Rejects with the listen error. */
export async function startRedis({ port }: { port: number }): Promise<RedisServer> {
  const state = new RedisServerState({ databaseCount: DATABASES });
  const { server } = new Resp2Server({ server: state, executor: createRedisCommandExecutor() });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Its own listen() would take the port on every interface of the machine.
  const bound = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    // A listening TCP server has an AddressInfo. The other types belong to pipes and closed servers.
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port));
  }).catch((error: unknown) => {
    state.close();
    throw error;
  });
  return {
    url: `redis://${HOST}:${bound}`,
    port: bound,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      state.close();
    },
  };
}

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { KEEP_OPEN } from '../../local/http-server.ts';
import '../support/provided.ts';

/** Starts the server from which tests inside workerd get an Access team's certs on a port of their own. */
export default async function setup(project: TestProject): Promise<() => void> {
  const servers = new Set<Server>();
  const control = await listen(servers, (_request, response) => {
    void listen(servers, serveCerts()).then((server) => response.end(urlOf(server)));
  });
  project.provide('certsUrl', urlOf(control));
  return () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
}

/** Answers the certs with what was posted last: a status, the text of a body, or its JSON. */
function serveCerts(): RequestListener {
  let answer: unknown = 404;
  let requests = 0;
  return (request, response) => {
    if (request.method === 'POST') {
      void json(request).then((posted) => {
        answer = posted;
        return response.end();
      });
    } else if (request.url === '/requests') response.end(String(requests));
    else if (request.url !== '/cdn-cgi/access/certs') response.writeHead(404).end();
    else {
      requests += 1;
      if (typeof answer === 'number') response.writeHead(answer, { Location: '/elsewhere' }).end();
      else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    }
  };
}

async function listen(servers: Set<Server>, listener: RequestListener): Promise<Server> {
  const server = createServer(KEEP_OPEN, listener);
  servers.add(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

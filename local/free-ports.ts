import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** Throws one sentence that names the first port in use, and the variable that moves it. */
export async function requireFreePorts(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    if (!(await isFree(port))) {
      throw new Error(`port ${port} is in use; end what uses it, or set ${name} to a free port.`);
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

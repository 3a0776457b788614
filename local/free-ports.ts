import { createServer } from 'node:net';

// The stack does not listen on the second address, but curl tries it first for names below localhost.
const HOSTS = ['127.0.0.1', '::1'];

/** Throws one sentence that names the ports in use and the variables that change them. */
export async function requireFreePorts(ports: Readonly<Record<string, number>>): Promise<void> {
  const entries = Object.entries(ports);
  const twice = entries.find(([, port], at) => entries.findIndex(([, other]) => other === port) !== at);
  if (twice) {
    const names = entries.filter(([, port]) => port === twice[1]).map(([name]) => name);
    throw new Error(`${names.join(' and ')} are the same port, ${twice[1]}; give each its own.`);
  }
  const refused = await Promise.all(entries.map(async ([name, port]) => describeRefusal(name, port)));
  const reasons = refused.filter((reason) => reason !== null);
  if (reasons.length > 0) {
    throw new Error(`${reasons.join(', ')}; end what uses it, or set the variable to a free port.`);
  }
}

async function describeRefusal(name: string, port: number): Promise<string | null> {
  const codes = await Promise.all(HOSTS.map((host) => tryPort(host, port)));
  if (codes.includes('EADDRINUSE')) return `port ${port} (${name}) is in use`;
  return codes.includes('EACCES') ? `port ${port} (${name}) is reserved for the system` : null;
}

/** The error code that listening on the port gives, or null for a free port. */
function tryPort(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

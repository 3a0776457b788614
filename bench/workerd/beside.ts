import { fileURLToPath } from 'node:url';
import type { Worker } from '../../test/processes/workerd.ts';
import { accounts } from './product.ts';

const { compatibilityDate } = accounts;

/** The Worker of the bare routes and of the constant RPC class. */
export function peerWorker(vars: Readonly<Record<string, string>>): Worker {
  return { name: 'peer', main: pathOf('peer.ts'), compatibilityDate, vars };
}

/** The Worker that calls both RPC classes, over service bindings. */
export const rpcCaller: Worker = {
  name: 'rpc-caller',
  main: pathOf('rpc-caller.ts'),
  compatibilityDate,
  services: [
    { binding: 'ACCOUNTS', service: accounts.name, entrypoint: 'AccountDirectory' },
    { binding: 'CONSTANT', service: 'peer', entrypoint: 'ConstantUser' },
  ],
};

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../workers/${file}`, import.meta.url));
}

import { join } from 'node:path';
import { install } from './project.ts';

const [ownMajor = ''] = process.versions.node.split('.');

/** npm has no such version, or cannot be reached. */
const HAS_NONE = /E404|ETARGET|ENOTCACHED|ENOTFOUND|ECONNREFUSED|EAI_AGAIN/;

/** The path of a Node of that major version: this one, or the one that npm has; null where npm has none. */
export async function findNode(major: string, folder: string): Promise<string | null> {
  if (major === ownMajor) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  try {
    await install(folder, `${name}@${major}`);
  } catch (error) {
    const { stderr } = Object(error) as { readonly stderr?: unknown };
    if (!HAS_NONE.test(String(stderr))) throw error;
    return null;
  }
  return join(folder, 'node_modules', name, 'bin', 'node');
}

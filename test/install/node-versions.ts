import { join } from 'node:path';
import { install } from './project.ts';

const [ownMajor = ''] = process.versions.node.split('.');

/** The path of a Node of that major version: this one, or the one that npm has; null where npm has none. */
export async function findNode(major: string, folder: string): Promise<string | null> {
  if (major === ownMajor) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  try {
    await install(folder, `${name}@${major}`);
  } catch {
    return null;
  }
  return join(folder, 'node_modules', name, 'bin', 'node');
}

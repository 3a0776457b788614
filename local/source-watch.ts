import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

export interface SourceWatchOptions {
  /** Folders that are watched with all folders below them. */
  readonly folders: readonly string[];
  /** Single files of one folder, by their names. */
  readonly files: { readonly folder: string; readonly names: readonly string[] };
  /** Called at times without a change, and at times once for several. */
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/**
 * Watches until the process ends. Each folder has a watcher of its own: on Linux Node's recursive watch keeps hold of
 * the files that it has seen, and misses writes to a file that an editor or git has replaced.
 */
export function watchSources({ folders, files, onChange, onError }: SourceWatchOptions): void {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;

  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // The folders are listed before the change is read, so that no later change is missed. Folders may have come and
      // gone.
      watchAll();
      onChange();
    }, SETTLE_MS);
  };
  const add = (folder: string, listener: (event: string, name: string | null) => void): FSWatcher =>
    watch(folder, listener).on('error', onError);

  function watchAll(): void {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    try {
      watchers.push(
        add(files.folder, (_event, name) => name !== null && files.names.includes(name) && settle()),
      );
      for (const folder of folders.flatMap(listFolders)) watchers.push(add(folder, settle));
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  watchAll();
}

function listFolders(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory());
  return [folder, ...below.map(({ parentPath, name }) => join(parentPath, name))];
}

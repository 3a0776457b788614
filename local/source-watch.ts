import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

export interface SourceWatchOptions {
  /** Watched with all folders below. */
  readonly folders: readonly string[];
  /** A single file, by the folder and the name. */
  readonly file: { readonly folder: string; readonly name: string };
  /** May come without a change, and once for many. */
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/**
 * Watches until the process ends. Each folder by itself: on Linux Node's recursive watch holds on to the files that it
 * has seen, and misses what is written to one that an editor or git has replaced.
 */
export function watchSources({ folders, file, onChange, onError }: SourceWatchOptions): void {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;

  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // Before the change is looked at, so that no later one is missed; folders may have come and gone.
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
      watchers.push(add(file.folder, (_event, name) => name === file.name && settle()));
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

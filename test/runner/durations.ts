import { fileURLToPath } from 'node:url';

/** The duration of each test file on an idle machine, in ms, by its path. `npm run bench:tests` writes it. */
export type Durations = Readonly<Record<string, number>>;

export const DURATIONS_FILE = fileURLToPath(new URL('./durations.json', import.meta.url));

import { fileURLToPath } from 'node:url';

/** How long each test file takes on a quiet machine, in ms, by its path; `npm run bench:tests` writes it. */
export type Durations = Readonly<Record<string, number>>;

export const DURATIONS_FILE = fileURLToPath(new URL('./durations.json', import.meta.url));

/** Whether this run is the short one, of `--quick`: the same questions, fewer rounds. */
export const isQuick = process.argv.includes('--quick');

/** A number for the short run, and the one for the full run. */
export function paced<T>(quick: T, full: T): T {
  return isQuick ? quick : full;
}

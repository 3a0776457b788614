/** True in a short run (`--quick`), which asks the same questions in fewer rounds. */
export const isQuick = process.argv.includes('--quick');

/** Returns the first number in a short run and the second in a full one. */
export function paced<T>(quick: T, full: T): T {
  return isQuick ? quick : full;
}

import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests inside workerd ask for a stack of their own. */
    readonly stacksUrl: string;
    /** Whether this is `npm run test:torture`. */
    readonly isTorture: boolean;
    /** Of everything random. */
    readonly seed: number;
  }
}

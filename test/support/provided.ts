import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests inside workerd ask for a stack of their own. */
    readonly runUrl: string;
    /** Where they ask for the certs of an Access team of their own. */
    readonly certsUrl: string;
    /** Whether a stack can have a real Redis of its own. */
    readonly hasRedisServer: boolean;
    /** Whether its engines are servers: the embedded Postgres has a single session. */
    readonly isOnServers: boolean;
    /** Whether this is `npm run test:full`. */
    readonly isFull: boolean;
    /** Whether this is `npm run test:real`. */
    readonly isReal: boolean;
    /** Of everything random. */
    readonly seed: number;
  }
}

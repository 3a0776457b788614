/** The part of autocannon that the load uses; it comes without types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  namespace autocannon {
    interface Request {
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
    }

    interface Result {
      /** Connection errors, timeouts among them. */
      readonly errors: number;
      readonly timeouts: number;
      readonly requests: { readonly sent: number };
      readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
    }

    interface Options {
      readonly url: string;
      readonly connections: number;
      /** Requests a second of all connections, sent at the beginning of each second. */
      readonly overallRate: number;
      /** In s. */
      readonly duration: number;
      /** In s. */
      readonly timeout: number;
      readonly requests: readonly { setupRequest(request: Request): Request }[];
    }

    /** Also emits `response` with the client, the status, the bytes and how long it took in ms. */
    type Instance = EventEmitter & PromiseLike<Result>;
  }

  function autocannon(options: autocannon.Options): autocannon.Instance;
  export = autocannon;
}

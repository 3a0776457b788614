import worker from '../index.ts';
export { AccountDirectory } from '../rpc/account-directory.ts';

/** The handlers of the Worker: the HTTP API, and the scheduled work that `[triggers]` starts every minute. */
export interface DirectoryWorker {
  fetch(request: Request, env: object, ctx: ExecutionContext): Response | Promise<Response>;
  scheduled(controller: ScheduledController, env: object, ctx: ExecutionContext): Promise<void>;
}

const directory: DirectoryWorker = worker;
export default directory;

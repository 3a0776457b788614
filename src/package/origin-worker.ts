import worker from '../origin-worker.ts';

/** The handler of the Worker beside the stores, which a service binding asks. */
export interface OriginWorker {
  fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response>;
}

const originWorker: OriginWorker = worker;
export default originWorker;

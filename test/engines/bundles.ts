import { bundleWorker } from '../../local/bundle.ts';
import { askRun, isRun } from './run-server.ts';

/** Bundles each Worker once, for all callers. */
export function makeBundles(): (main: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return (main) => {
    const bundle = known.get(main) ?? bundleWorker(main);
    known.set(main, bundle);
    return bundle;
  };
}

const ofThisProcess = makeBundles();

/** The Worker as one module, bundled once in a run of the tests. */
export function bundleOnce(main: string): Promise<string> {
  return isRun() ? askRun('/bundle', main) : ofThisProcess(main);
}

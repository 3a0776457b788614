import { cpus } from 'node:os';
import workerd from 'workerd/package.json' with { type: 'json' };

/** The CPU and the versions of the machine that takes the figures. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores; Node ${process.versions.node}, workerd ${workerd.version}`;
}

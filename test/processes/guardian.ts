import { createInterface } from 'node:readline';

// A process of its own, because a test run that is killed cannot end the processes that it has started. It reads
// `+<pid>` and `-<pid>`, one per line. When the run ends, its pipe closes, and this process ends those that are left.
const pids = new Set<number>();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const pid = Number(line.slice(1));
    if (line.startsWith('+')) pids.add(pid);
    else pids.delete(pid);
  })
  .on('close', () => {
    for (const pid of pids) end(pid);
  });

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}

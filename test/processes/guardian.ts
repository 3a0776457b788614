import { createInterface } from 'node:readline';

// A process of its own: a test run that is killed cannot end what it has started. It reads `+<pid>` and `-<pid>`, line
// by line, and when the run is gone, and its end of the pipe with it, ends those that are left.
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
    // Gone by itself.
  }
}

#!/usr/bin/env node
import { processIo } from './process-io.ts';
import { run } from './run.ts';

// The reader of a pipe, such as `head`, may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), processIo());

import { testRuns } from './model-check.ts';

testRuns(
  'no read lacks a write that was due to it, whatever interleaves and whatever fails',
  async () => undefined,
);

import { testOutages } from './outage-tests.ts';

// Enough for a short run: one that is noticed late, and one at once.
testOutages(['postgres'], ['hang', 'refuse']);

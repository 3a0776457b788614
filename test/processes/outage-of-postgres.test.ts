import { testOutages } from './outage-tests.ts';

testOutages(['postgres'], ['hang'], 1);

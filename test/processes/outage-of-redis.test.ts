import { testOutages } from './outage-tests.ts';

testOutages(['redis'], ['hang'], 2);

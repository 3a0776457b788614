import { testOutages } from './outage-tests.ts';

testOutages(['redis', 'postgres'], ['refuse'], 0);

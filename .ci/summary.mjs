// Reads the JSON reports of vitest in the folder. Prints the failed files, their first failed tests, and the sums of all.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_TESTS = 3;
const MOST_CHARACTERS = 500;

const [folder] = process.argv.slice(2);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const sums = { passed: 0, failed: 0 };

for (const name of names) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  sums.passed += report.numPassedTests;
  for (const file of report.testResults.filter(({ status }) => status === 'failed')) {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    // A file that could not start has no failed test, and counts as one failure.
    sums.failed += Math.max(failed.length, 1);
    console.log(`FAILED in ${name}: ${file.name} (${failed.length}) ${file.message.split('\n')[0]}`);
    for (const { fullName, failureMessages } of failed.slice(0, MOST_TESTS))
      console.log(`  ${fullName}: ${(failureMessages[0] ?? '').slice(0, MOST_CHARACTERS)}`);
  }
}

console.log(`${sums.passed} passed, ${sums.failed} failed`);

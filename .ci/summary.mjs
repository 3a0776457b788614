// Prints the files and the first tests that failed, by the JSON reports of vitest that are named, and the sums of all.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const MOST_TESTS = 3;
const MOST_CHARACTERS = 500;

const read = (path) => ({ path, report: JSON.parse(readFileSync(path, 'utf8')) });
const reports = process.argv.slice(2).map(read);

for (const { path, report } of reports)
  for (const { status, name, message, assertionResults } of report.testResults) {
    if (status !== 'failed') continue;
    const failed = assertionResults.filter((test) => test.status === 'failed');
    console.log(`FAILED in ${basename(path)}: ${name} (${failed.length}) ${message.split('\n')[0]}`);
    for (const { fullName, failureMessages } of failed.slice(0, MOST_TESTS))
      console.log(`  ${fullName}: ${(failureMessages[0] ?? '').slice(0, MOST_CHARACTERS)}`);
  }

const sum = (key) => reports.reduce((total, { report }) => total + report[key], 0);
console.log(`${sum('numPassedTests')} passed, ${sum('numFailedTests')} failed`);

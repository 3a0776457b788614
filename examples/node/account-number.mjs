import { accountNumberFromUrl, explainAccountNumber, parseApiKey } from 'edge-accounts';

console.log(accountNumberFromUrl('https://hr.3141-5926-5359.api.example.com/'));
console.log(accountNumberFromUrl('https://hr.3141-5926-5359.example.org/', ['api.example.com']));
console.log(explainAccountNumber('https://www.example.com/').reason);
console.log(parseApiKey('ea_production_12_oops'));

import { accountNumberFromUrl } from 'edge-accounts';
import { makeClient } from 'edge-accounts/client';

const { ACCOUNTS_URL = 'http://127.0.0.1:8787', ACCOUNTS_KEY = 'ea_local_root' } = process.env;

const accountNumber = accountNumberFromUrl('https://hr.3141-5926-5359.api.example.com/');
if (accountNumber === null) throw new Error('the URL names no account');

const accounts = makeClient({ baseUrl: ACCOUNTS_URL, key: ACCOUNTS_KEY });
const response = await accounts.v1.accounts[':accountNumber'].$get({ param: { accountNumber } });
if (!response.ok) throw new Error(`Edge Accounts answered ${response.status}`);

const { companyName } = await response.json();
console.log(`${accountNumber} is ${companyName}.`);

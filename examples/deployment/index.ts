// The whole Worker comes from the package. `npm install edge-accounts@latest` upgrades it.
export { AccountDirectory, default } from 'edge-accounts/worker';

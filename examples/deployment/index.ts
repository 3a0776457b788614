// The whole Worker comes from the package. `npm update edge-accounts` upgrades it.
export { AccountDirectory, default } from 'edge-accounts/worker';

// Only a deployment with a Worker beside the stores needs this file.
export { default } from 'edge-accounts/origin-worker';

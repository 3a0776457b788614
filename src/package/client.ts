export { type Client, type ClientOptions, makeClient } from '../client/client.ts';

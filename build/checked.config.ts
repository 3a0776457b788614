import { defineConfig } from 'tsdown';
import configs from './tsdown.config.ts';

const [library, ...others] = configs;

/** The build, with two checks of the package that it makes. Nothing resolves it by the rules of CommonJS. */
export default [
  defineConfig({
    ...library,
    attw: { profile: 'esm-only', level: 'error' },
    publint: { strict: true },
  }),
  ...others,
];

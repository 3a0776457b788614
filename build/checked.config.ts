import { defineConfig } from 'tsdown';
import config from './tsdown.config.ts';

/** The build, with two checks of the package that it makes. Nothing resolves it by the rules of CommonJS. */
export default defineConfig({
  ...config,
  attw: { profile: 'esm-only', level: 'error' },
  publint: { strict: true },
});

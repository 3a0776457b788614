import type { ExtractSchema } from 'hono/types';
import type { Api } from '../src/http/routes/api.ts';
import type { Plain } from './plain.ts';

declare function plain<T>(): Plain<T>;

export const schema = plain<ExtractSchema<Api>>();

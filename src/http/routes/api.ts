import { Hono } from 'hono/tiny';
import { accountChanges } from './account-changes.ts';
import { accounts } from './accounts.ts';
import type { AppEnv } from '../app-env.ts';
import { audit } from './audit.ts';
import { changeFeed } from './change-feed.ts';
import { context } from './context.ts';
import { deletions } from './deletions.ts';
import { directoryLists } from './lists.ts';
import { keys } from './keys.ts';
import { lookUps } from './look-ups.ts';
import { operations } from './operations.ts';
import { person } from './person.ts';
import { profileChanges } from './profile-changes.ts';
import { profiles } from './profiles.ts';
import { resolve } from './resolve.ts';
import { search } from './search.ts';
import { stats } from './stats.ts';
import { userBatch } from './user-batch.ts';
import { userChanges } from './user-changes.ts';
import { users } from './users.ts';

/** The routes of the API, by noun. */
export const api = new Hono<AppEnv>()
  .route('/', context)
  .route('/', lookUps)
  .route('/', userBatch)
  .route('/', users)
  .route('/', userChanges)
  .route('/', person)
  .route('/', accounts)
  .route('/', accountChanges)
  .route('/', profiles)
  .route('/', profileChanges)
  .route('/', directoryLists)
  .route('/', search)
  .route('/', audit)
  .route('/', changeFeed)
  .route('/', deletions)
  .route('/', keys)
  .route('/', operations)
  .route('/', stats)
  .route('/', resolve);

/** The type by which the client knows the routes. */
export type Api = typeof api;

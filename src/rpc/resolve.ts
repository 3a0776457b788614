import * as z from 'zod';
import { settingsOf } from '../deps.ts';
import * as urls from '../directory/resolve/resolve-url.ts';
import * as users from '../directory/resolve/resolve-user.ts';
import { scope } from './look-up-methods.ts';
import { method } from './method.ts';

// Each answers a bound caller as if what it may not see never was.
const subject = () => null;

export const resolveUrl = method({
  args: z.object({ url: urls.SoughtUrl }),
  scope,
  subject,
  run: (deps, { url }, read, { caller }, env) =>
    urls.resolveUrl(deps, caller, { url, suffixes: settingsOf(env).ACCOUNT_HOST_SUFFIXES }, read),
});

export const resolveUser = method({
  args: z.object({ user: users.SoughtUserName }),
  scope,
  subject,
  run: (deps, { user }, read, { caller }) => users.resolveUser(deps, caller, user, read),
});

import type { ErrorCode } from '../../src/shapes/error-code.ts';
import { readPage } from './blocks.ts';

// The types of these modules are those of a Worker, which are unknown here.
interface Api {
  readonly api: unknown;
}

interface Registry {
  routesOf(app: unknown): readonly {
    readonly method: string;
    readonly path: string;
    readonly spec: {
      readonly scope: string;
      readonly alsoScope?: string;
      readonly errors?: readonly ErrorCode[];
      readonly precondition?: unknown;
      readonly idempotent?: unknown;
    };
  }[];
}

interface Problems {
  readonly problems: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>>;
}

/** A module of `src`, which has at least what `T` names. */
export async function loadSource<T>(path: string): Promise<T> {
  const module: T = await import(new URL(`../../src/${path}`, import.meta.url).href);
  return module;
}

const { api } = await loadSource<Api>('http/routes/api.ts');
const { routesOf } = await loadSource<Registry>('http/endpoint/registry.ts');
export const { problems } = await loadSource<Problems>('http/response/problem.ts');

/** A method of `AccountDirectory`, as its source declares it and the route of the same verb describes it. */
export interface RpcMethod {
  readonly name: string;
  readonly parameters: string;
  readonly answer: string;
  readonly comment: string;
  /** The route over HTTP with the same answer, e.g. `GET /v1/users/{userId}`. */
  readonly route: string;
  /** The scope that a caller needs, or `open`. */
  readonly scope: string;
  /** A second one that it needs, too. */
  readonly alsoScope?: string | undefined;
  /** True if it answers null for what is not there. */
  readonly isNullable: boolean;
  /** The codes with which it throws for what is not there. */
  readonly absences: readonly ErrorCode[];
  /** The codes with which it throws for what is refused. */
  readonly refusals: readonly ErrorCode[];
  /** The codes with which its route answers 404. */
  readonly notFound: readonly ErrorCode[];
}

/** The route of every method, in the order of the page. */
const ROUTES: Readonly<Record<string, string>> = {
  accountNumberFromUrl: 'GET /v1/account-number',
  explainAccountNumber: 'GET /v1/account-number?explain=true',
  getAccount: 'GET /v1/accounts/:accountNumber',
  getUserProfile: 'GET /v1/user-profiles/:userProfileId',
  getMany: 'POST /v1/lookup',
  getCachedAccountForUser: 'GET /v1/users/:userId/account',
  getCachedAdminUserForAccount: 'PUT /v1/accounts/:accountNumber/admin-user',
  getCachedDefaultAccount: 'GET /v1/accounts/default',
  getCachedSmarterAdminUserProfile: 'GET /v1/platform/admin-profile',
  getCachedUserForUserId: 'GET /v1/users/:userId',
  getAccountByExternalId: 'GET /v1/accounts/by-external-id/:externalId',
  getUserByExternalId: 'GET /v1/users/by-external-id/:externalId',
  getCachedUserForUsername: 'GET /v1/users/by-username/:username',
  getUserProfilesForAccount: 'GET /v1/accounts/:accountNumber/user-profiles',
  getUsersForAccount: 'GET /v1/accounts/:accountNumber/users',
  validResourceOwnersForUser: 'GET /v1/user-profiles/:userProfileId/valid-resource-owners',
  getAccountsForUser: 'GET /v1/users/:userId/accounts',
  listUsersForAccount: 'GET /v1/accounts/:accountNumber/users',
  listAccountsForUser: 'GET /v1/users/:userId/accounts',
  listUserProfilesForAccount: 'GET /v1/accounts/:accountNumber/user-profiles',
  listValidResourceOwners: 'GET /v1/user-profiles/:userProfileId/valid-resource-owners',
  resolveUrl: 'GET /v1/resolve',
  resolveUser: 'GET /v1/resolve',
  listChanges: 'GET /v1/changes',
  search: 'GET /v1/search',
  createAccount: 'POST /v1/accounts',
  changeAccount: 'PATCH /v1/accounts/:accountNumber',
  switchDefaultAccount: 'PUT /v1/accounts/default',
  deleteAccount: 'DELETE /v1/accounts/:accountNumber',
  createUser: 'POST /v1/users',
  createUsers: 'POST /v1/users/batch',
  changeUser: 'PATCH /v1/users/:userId',
  deleteUser: 'DELETE /v1/users/:userId',
  createUserProfile: 'POST /v1/user-profiles',
  changeUserProfile: 'PATCH /v1/user-profiles/:userProfileId',
  deleteUserProfile: 'DELETE /v1/user-profiles/:userProfileId',
  listAuditEntries: 'GET /v1/audit',
  listDeletions: 'GET /v1/deletions',
  getDeletion: 'GET /v1/deletions/:deletionId',
  restoreDeletion: 'POST /v1/deletions/:deletionId/restore',
  eraseUser: 'POST /v1/users/:userId/erase',
  exportUser: 'GET /v1/users/:userId/export',
};

/** The codes that a method throws and its route does not: a path always has a number, and lists over HTTP come in pages. */
const BESIDES_ROUTE: Readonly<Record<string, readonly ErrorCode[]>> = {
  getCachedAdminUserForAccount: ['account_required'],
  getUserProfilesForAccount: ['account_required', 'too_many_members'],
  getUsersForAccount: ['account_required', 'too_many_members'],
  validResourceOwnersForUser: ['no_platform_admin', 'too_many_members'],
  getAccountsForUser: ['too_many_accounts'],
  listUsersForAccount: ['account_required'],
  listUserProfilesForAccount: ['account_required'],
  listValidResourceOwners: ['no_platform_admin'],
};

/** The codes that the route throws only for the other method that it has. */
const NOT_THROWN: Readonly<Record<string, readonly ErrorCode[]>> = {
  resolveUrl: ['ambiguous', 'user_does_not_exist'],
};

const METHOD =
  /(?:\n {2}\/\*\*\s*([^]*?)\s*\*\/)?\n {2}(\w+)\(((?:[^()]|\(\))*)\): ([^{]+?) \{\n {4}return [^]*?\n {2}\}/g;

const routes = new Map(routesOf(api).map((route) => [`${route.method} ${route.path}`, route.spec]));

/** The files of the class, and of those that it extends. */
const FILES = ['account-directory', 'operator-methods'];

/** Every method, in the order of the class. */
export function readMethods(): RpcMethod[] {
  const source = FILES.map((name) => readPage(`src/rpc/${name}.ts`)).join('\n');
  const methods = [...source.matchAll(METHOD)].map(
    ([, comment = '', name = '', parameters = '', answer = '']) =>
      describe(name, { comment: plain(comment), parameters: plain(parameters), answer: plain(answer) }),
  );
  const names = methods.map(({ name }) => name);
  const missing = Object.keys(ROUTES).filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`no method of the class is read as ${missing.join(', ')}`);
  return methods;
}

function describe(name: string, declared: Pick<RpcMethod, 'comment' | 'parameters' | 'answer'>): RpcMethod {
  const { [name]: route = '' } = ROUTES;
  const spec = routes.get(route.replace('?explain=true', ''));
  if (!spec) throw new Error(`${name} has no route in the list of rpc-methods.ts`);
  if (declared.comment === '') throw new Error(`${name} has no comment`);
  const isNullable = /\| null\b/.test(declared.answer);
  // A list of members is null when it is empty, unless its comment says otherwise.
  const isNullForUnknown =
    isNullable && (!declared.answer.includes('[]') || /null for an unknown/.test(declared.comment));
  const ofRoute = (spec.errors ?? []).filter((code) => !NOT_THROWN[name]?.includes(code));
  const codes = [
    ...(isNullForUnknown ? [] : ofRoute),
    ...(BESIDES_ROUTE[name] ?? []),
    ...(spec.precondition ? (['precondition_failed'] as const) : []),
    ...(spec.idempotent ? (['idempotency_key_reused'] as const) : []),
  ];
  const isAbsence = (code: ErrorCode) => problems[code].status === 404;
  return {
    ...declared,
    name,
    route: route.replaceAll(/:(\w+)/g, '{$1}'),
    // The route that creates the admin user needs a right that the method needs only when it creates.
    scope: name.startsWith('getCachedAdmin') ? 'directory:read' : spec.scope,
    alsoScope: spec.alsoScope,
    isNullable,
    absences: codes.filter(isAbsence),
    refusals: codes.filter((code) => !isAbsence(code)),
    notFound: ofRoute.filter(isAbsence),
  };
}

/** Source text on one line, without the marks of a comment. */
function plain(text: string): string {
  return text
    .replaceAll(/^\* |\n\s*\*? ?/g, ' ')
    .trim()
    .replace(/,$/, '');
}

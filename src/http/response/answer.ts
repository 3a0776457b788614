import type { Context, TypedResponse } from 'hono';
import { LRUCache } from 'lru-cache';
import { accountNumberIn } from '../../directory/about.ts';
import type { Account, AccountOfUser } from '../../directory/accounts/accounts.ts';
import type { ApiKey } from '../../directory/keys/keys.ts';
import type { AuditEntry } from '../../directory/audit.ts';
import type { Listed } from '../../directory/paged-read.ts';
import { cursorAfter, type Page, type Paged } from '../../directory/page.ts';
import type { UserProfile } from '../../directory/profiles/user-profile.ts';
import type { User } from '../../directory/users/users.ts';
import { sealCursor } from '../../cursor.ts';
import type { AppEnv } from '../app-env.ts';
import { secureHeaders } from './secure-headers.ts';
import { etagOf, etagOfList, matchesEtag, type Revised } from './etag.ts';

/** `Cache-Status` of an answer that no cache was asked for. */
export const NO_CACHE_ASKED = 'isolate; fwd=bypass';

const ENTITY_CACHE_CONTROL = 'private, no-cache';

export type Row = Account | ApiKey | User | UserProfile;
/** The part of a look-up's page that is shown. */
export type Item = AccountOfUser | Row;

/** The entity tag of a row and of the rows shown inside it. */
export function etagOfRow(row: Row): string {
  return etagOf(...rowsOf(row));
}

/** A response body and its entity tag. */
interface Rendered {
  readonly etag: string;
  readonly body: string;
}

type Answer<T> = (Response & TypedResponse<T, 200, 'json'>) | (Response & TypedResponse<null, 304, 'body'>);

/** Room for about a thousand users. The text of every value would take half of the isolate's memory. */
const MAX_KEPT_LENGTH = 2 ** 19;
/** One page of a list may displace at most a sixteenth of the rest. */
const MAX_KEPT_SHARE = 16;
/** Roughly the bytes of the object, the tag and the entry in the LRU. */
const KEPT_OVERHEAD = 256;

/** Rendered responses by value object. Values in memory are frozen, so the same object always has the same text. */
const kept = new LRUCache<object, Rendered>({
  maxSize: MAX_KEPT_LENGTH,
  maxEntrySize: MAX_KEPT_LENGTH / MAX_KEPT_SHARE,
  sizeCalculation: ({ body }) => body.length + KEPT_OVERHEAD,
});

/** Answers a row with its entity tag, or 304. */
export function answerRow<T extends Row>(c: Context<AppEnv>, row: T): Answer<T> {
  noteAbout(c, row);
  return respond(c, kept.get(row) ?? keep(c, row, { etag: etagOfRow(row), body: JSON.stringify(row) }));
}

/** Answers a page of a cached list with the entity tag of its rows, or 304. The name of the list is sealed into its cursors. */
export async function answerPage<T extends Item>(
  c: Context<AppEnv>,
  list: string,
  page: Page,
  paged: Paged<T>,
): Promise<Answer<{ items: readonly T[]; nextCursor: string | null }>> {
  return respond(c, kept.get(paged) ?? keep(c, paged, await renderPage(c.env, list, page, paged)));
}

async function renderPage(env: object, list: string, page: Page, paged: Paged<Item>): Promise<Rendered> {
  const { items } = paged;
  const next = cursorAfter(page, paged);
  const nextCursor = next && (await sealCursor(env, list, next));
  const etag = await etagOfList(items.map(rowsOf), JSON.stringify(next));
  return { etag, body: JSON.stringify({ items, nextCursor }) };
}

// Kept from the second answer on, because most values are answered once.
function keep(c: Context<AppEnv>, value: object, rendered: Rendered): Rendered {
  if (c.get('read').trace.memory?.hit) kept.set(value, rendered);
  return rendered;
}

/** Answers a page of an uncached list with the entity tag of its rows, or 304. The name of the list is sealed into its cursors. */
export async function answerList<T extends Row | AuditEntry>(
  c: Context<AppEnv>,
  list: string,
  { items, next }: Listed<T>,
) {
  const nextCursor = next && (await sealCursor(c.env, list, { ...next, limit: null }));
  const etag = await etagOfList(items.map(rowsOf), JSON.stringify(next));
  return answer(c, { items, nextCursor }, etag);
}

/** Answers what Postgres found of several kinds with the entity tag of all its rows, or 304. */
export async function answerFound<T extends Readonly<Record<string, readonly Row[]>>>(
  c: Context<AppEnv>,
  found: T,
): Promise<Answer<T>> {
  const kinds = Object.values(found);
  const rows = kinds.flat().map(rowsOf);
  return answer(c, found, await etagOfList(rows, kinds.map(({ length }) => length).join()));
}

/** Answers a value with the given entity tag, or 304. */
export function answer<T extends object>(c: Context<AppEnv>, value: T, etag: string): Answer<T> {
  return respond(c, { etag, body: JSON.stringify(value) });
}

/**
 * Responds faster than `c.json()`, which copies all headers. Headers set by `c.header()` before are lost: set them on the
 * response.
 */
function respond<T>(c: Context<AppEnv>, { etag, body }: Rendered): Answer<T> {
  // RFC 9110, section 13.1.2: only reads are answered 304.
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const isUnchanged = isRead && matchesEtag(c.req.header('If-None-Match'), etag);
  const init = { headers: secureHeaders(c), status: isUnchanged ? 304 : 200 };
  const response = new Response(isUnchanged ? null : body, init);
  const { headers } = response;
  if (!isUnchanged) headers.set('Content-Type', 'application/json');
  headers.set('ETag', etag);
  headers.set('Cache-Control', ENTITY_CACHE_CONTROL);
  c.set('uncachedStatus', NO_CACHE_ASKED);
  // The body is a T as JSON.
  return response as Answer<T>;
}

/** Sets the headers that every representation has. */
export function setEntityHeaders(c: Context<AppEnv>, etag: string): void {
  c.header('ETag', etag);
  c.header('Cache-Control', ENTITY_CACHE_CONTROL);
}

/** Notes the account of the answer for the log, where the request named none. */
export function noteAbout(c: Context<AppEnv>, answered: object): void {
  c.set('about', c.get('about') ?? accountNumberIn(answered));
}

function rowsOf(row: AuditEntry | Item): Revised[] {
  // The answer shows only the id of the profile, which never changes.
  if ('userProfileId' in row)
    return [{ id: row.userProfileId, revision: 1, since: row.account.createdAt }, toRevised(row.account)];
  if ('entityId' in row) return [{ id: row.id, revision: 1, since: row.at }];
  return 'account' in row ? [row, row.user, row.account].map(toRevised) : [toRevised(row)];
}

function toRevised(row: Row): Revised {
  return { id: row.id, revision: row.revision, since: 'createdAt' in row ? row.createdAt : row.dateJoined };
}

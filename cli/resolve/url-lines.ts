import type { AuditEntry } from '../../src/shapes/audit-entry.ts';
import type { ResolvedUrl } from '../../src/shapes/resolved.ts';
import { auditedChanges } from '../audit/audited-changes.ts';
import type { Style } from '../output/style.ts';
import { ago, harmless } from '../output/text.ts';

interface Reading {
  readonly style: Style;
  readonly nowMs: number;
}

/** The lines about a URL: the account, and how it was found. */
export function urlLines(resolved: ResolvedUrl, url: string, { style, nowMs }: Reading): string[] {
  const { accountNumber, account, state, explanation } = resolved;
  if (accountNumber === null) return [style.bold('No account'), ...explanation.map(indented)];
  const title = [accountNumber, account?.companyName ?? 'no account', state].join('   ');
  if (account === null) return [style.bold(title), ...explanation.map(indented)];
  const details = [labelOf(url, accountNumber), adminOf(resolved, accountNumber), lastOf(resolved, nowMs)];
  return [style.bold(harmless(title)), ...details.filter((line) => line !== '').map(indented)];
}

const indented = (line: string) => `  ${harmless(line)}`;

function labelOf(url: string, accountNumber: string): string {
  const host = URL.parse(url.includes('://') ? url : `http://${url}`)?.hostname ?? '';
  const labels = host.split('.');
  const at = labels.indexOf(accountNumber);
  if (at < 0) return '';
  const rest = labels.slice(at + 1).join('.');
  const place = rest === '' ? '' : `, left of ${rest}`;
  return `label ${at + 1} of ${labels.length} is the account number${place}`;
}

function adminOf({ adminUser }: ResolvedUrl, accountNumber: string): string {
  return adminUser
    ? `admin: ${adminUser.username} (user ${adminUser.id})`
    : `admin: none; \`admin-user create\` would make ${accountNumber}-admin`;
}

function lastOf({ changes: [last] }: ResolvedUrl, nowMs: number): string {
  if (!last) return '';
  return `last change: ${ago(last.at, nowMs)}, ${whatOf(last)}, by ${last.actor}`;
}

function whatOf({ action, entity, changes }: AuditEntry): string {
  const kind = entity.replace('_', ' ');
  if (action !== 'update') return `${action} ${kind}`;
  const fields = auditedChanges(changes);
  return entity === 'account' ? fields : `${kind} ${fields}`;
}

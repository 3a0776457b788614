import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, oneOf, text } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import type { AuditEntry } from '../../src/shapes/audit-entry.ts';
import type { Column } from '../output/table.ts';
import { toSecond } from '../output/text.ts';
import { auditedChanges } from './audited-changes.ts';

const columns: readonly Column<AuditEntry>[] = [
  { title: 'at', of: ({ at }) => toSecond(at) },
  { title: 'by', of: ({ actor }) => actor },
  { title: 'action', of: ({ action, entity }) => `${action} ${entity.replace('_', ' ')}` },
  { title: 'what', of: whatOf },
  { title: 'changes', of: changesOf },
];

function whatOf({ accountNumber, username, keyName, entityId }: AuditEntry): string {
  return [username, keyName, accountNumber].filter(Boolean).join(' in ') || String(entityId ?? '');
}

/** An entry of a row that is made or gone would show every field, which says nothing. */
function changesOf({ action, changes }: AuditEntry): string {
  if (action !== 'update') return '';
  return auditedChanges(changes);
}

export const audit = defineCommand({
  name: 'audit',
  summary: 'Lists every change and its author, newest first.',
  args: {},
  flags: {
    actor: text('By this caller, such as key:12.', 'caller', FILTERS),
    request: text('In the request with this id.', 'id', FILTERS),
    entity: oneOf('Of this kind.', ['account', 'user', 'user_profile', 'api_key'], FILTERS),
    entityId: text('Of the row with this id; needs --entity.', 'id', FILTERS),
    account: text('Of this account, its profiles, keys and members.', 'number', FILTERS),
    username: text('Of a user with this name, then or now.', 'username', FILTERS),
    action: oneOf('Of this kind.', ['create', 'update', 'delete', 'truncate', 'erase'], FILTERS),
    since: text('Not before this time, by ISO 8601.', 'time', FILTERS),
    until: text('Before this time, by ISO 8601.', 'time', FILTERS),
    ...pageFlags,
  },
  examples: ['audit --account 1234-5678-9012 --limit 20', 'audit --action delete --jsonl'],
  page: 'docs/lists.md',
  async run({ flags, output, session }) {
    const { limit, all, account: accountNumber, request: requestId, ...others } = flags;
    const filters = { ...others, accountNumber, requestId };
    const { client } = await session();
    const pages = pagesOf({ limit, all }, output, (page) =>
      bodyOf(client.v1.audit.$get({ query: { ...filters, ...page } })),
    );
    await output.showList(pages, columns);
  },
});

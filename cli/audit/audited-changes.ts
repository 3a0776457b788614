import type { AuditEntry } from '../../src/shapes/audit-entry.ts';
import { isTelling, quoted } from '../output/fields.ts';

/** The fields of an entry of the audit log, before and after, on one line. */
export function auditedChanges(changes: AuditEntry['changes']): string {
  return Object.entries(changes)
    .filter(([name]) => isTelling(name))
    .map(([name, { before, after }]) => `${name} ${quoted(before)} → ${quoted(after)}`)
    .join(', ');
}

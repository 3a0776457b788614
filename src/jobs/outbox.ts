import type { Outbox } from '../cache/drain.ts';
import type { Db } from '../db/client/client.ts';
import {
  collapseInvalidations,
  deleteInvalidations,
  markInvalidated,
  selectPendingInvalidations,
} from '../db/outbox.ts';

/** The outbox in Postgres, as the drain needs it. */
export function makeOutbox(db: Db): Outbox {
  return {
    selectDue: (limit) => selectPendingInvalidations(db, limit),
    collapse: (limit) => collapseInvalidations(db, limit),
    markInvalidated: (ids, byEverything) => markInvalidated(db, ids, byEverything),
    delete: (ids) => deleteInvalidations(db, ids),
  };
}

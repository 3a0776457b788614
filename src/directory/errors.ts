import { cutEcho } from '../lib/echo.ts';
/** Codes of what is not there; callers may rely on them. */
export type LookUpCode =
  | 'account_does_not_exist'
  | 'account_required'
  | 'admin_user_does_not_exist'
  | 'deletion_does_not_exist'
  | 'key_does_not_exist'
  | 'no_account_for_user'
  | 'no_default_account'
  | 'no_platform_admin'
  | 'user_does_not_exist'
  | 'user_profile_does_not_exist';

/** The thing asked for is proven absent. Never thrown for an outage. */
export class LookUpError extends Error {
  override readonly name = 'LookUpError';
  readonly code: LookUpCode;

  constructor(code: LookUpCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The fault of one field of the input. */
export interface FieldFault {
  /** Its path. */
  readonly name: string;
  readonly detail: string;
}

/** More are not for people, and a batch has as many answers as rows. */
const MAX_FIELD_FAULTS = 10;

/** The input has faults that only a look at the rows can find, so that nothing was done. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  readonly code = 'bad_request';
  readonly faults: readonly FieldFault[];

  constructor(faults: readonly FieldFault[]) {
    const told = faults.slice(0, MAX_FIELD_FAULTS);
    super(told.map(({ name, detail }) => (name === '' ? detail : `${cutEcho(name)}: ${detail}`)).join('; '));
    this.faults = told;
  }
}

/** Codes of what is refused; callers may rely on them. */
export type RefusalCode =
  | 'account_is_inactive'
  | 'account_number_retired'
  | 'account_number_taken'
  | 'cursor_expired'
  | 'default_account_is_protected'
  | 'external_id_taken'
  | 'forbidden'
  | 'idempotency_key_reused'
  | 'key_is_revoked'
  | 'last_admin_is_protected'
  | 'platform_account_is_protected'
  | 'precondition_failed'
  | 'restore_is_blocked'
  | 'too_many_accounts'
  | 'too_many_keys'
  | 'too_many_members'
  | 'user_profile_exists'
  | 'username_taken';

/** The request was refused, with the reason. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: RefusalCode;
  /** The present state, where the caller expected another. */
  readonly current: object | undefined;

  constructor(code: RefusalCode, message: string, current?: object) {
    super(message);
    this.code = code;
    this.current = current;
  }
}

/** The text names several things, which are listed. */
export class AmbiguousError extends Error {
  override readonly name = 'AmbiguousError';
  readonly code = 'ambiguous';
  readonly candidates: readonly object[];

  constructor(message: string, candidates: readonly object[]) {
    super(message);
    this.candidates = candidates;
  }
}

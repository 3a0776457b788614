import type { ExtractSchema } from 'hono/types';
import type * as z from 'zod';
import type { Plain, Same } from '../../build/plain.ts';
import type { Account, AccountOfUser } from '../../src/directory/accounts/accounts.ts';
import type { AccountChanges, NewAccount } from '../../src/directory/accounts/changes.ts';
import type { AuditEntry } from '../../src/directory/audit.ts';
import type { EntityLookUp } from '../../src/directory/batch/entity-look-ups.ts';
import type { Change } from '../../src/directory/change-feed.ts';
import type { Deletion } from '../../src/directory/deletion.ts';
import type { PastDeletionContent } from '../../src/directory/deletions/deletions.ts';
import type { Restoration } from '../../src/directory/deletions/restore.ts';
import type { NewUserProfile, UserProfileChanges } from '../../src/directory/profiles/changes.ts';
import type { UserProfile } from '../../src/directory/profiles/user-profile.ts';
import type { ResolvedUrl } from '../../src/directory/resolve/resolve-url.ts';
import type { ResolvedUser } from '../../src/directory/resolve/resolve-user.ts';
import type { Erasure } from '../../src/directory/users/erasure.ts';
import type { PersonExport } from '../../src/directory/users/export.ts';
import type { UserChanges } from '../../src/directory/users/changes.ts';
import type { NewUser } from '../../src/directory/users/creation.ts';
import type { User } from '../../src/directory/users/users.ts';
import type { Api } from '../../src/http/routes/api.ts';
import type { ApiSchema } from '../../src/client/api-schema.ts';
import type * as account from '../../src/shapes/account.ts';
import type * as audit from '../../src/shapes/audit-entry.ts';
import type * as change from '../../src/shapes/change.ts';
import type * as deletion from '../../src/shapes/deletion.ts';
import type * as erasure from '../../src/shapes/erasure.ts';
import type * as lookUp from '../../src/shapes/entity-look-up.ts';
import type * as json from '../../src/shapes/json.ts';
import type * as past from '../../src/shapes/past-deletion.ts';
import type * as profile from '../../src/shapes/user-profile.ts';
import type * as resolved from '../../src/shapes/resolved.ts';
import type * as user from '../../src/shapes/user.ts';

// The public shapes are written by hand and the schemas check what comes and goes: the compiler proves that they agree.
export type Proofs = [
  Proof<Same<account.Account, Account>>,
  Proof<Same<account.AccountChanges, AccountChanges>>,
  Proof<Same<account.AccountOfUser, AccountOfUser>>,
  Proof<Same<account.NewAccount, NewAccount>>,
  Proof<Same<audit.AuditEntry, AuditEntry>>,
  Proof<Same<change.Change, Change>>,
  Proof<Same<deletion.Deletion, Deletion>>,
  Proof<Same<erasure.Erasure, Erasure>>,
  Proof<Same<erasure.PersonExport, PersonExport>>,
  Proof<Same<resolved.ResolvedUrl, ResolvedUrl>>,
  Proof<Same<resolved.ResolvedUser, ResolvedUser>>,
  Proof<Same<json.Json, z.core.util.JSONType>>,
  Proof<Same<lookUp.EntityLookUp, EntityLookUp>>,
  Proof<Same<past.PastDeletionContent, PastDeletionContent>>,
  Proof<Same<past.Restoration, Restoration>>,
  Proof<Same<profile.NewUserProfile, NewUserProfile>>,
  Proof<Same<profile.UserProfile, UserProfile>>,
  Proof<Same<profile.UserProfileChanges, UserProfileChanges>>,
  Proof<Same<user.NewUser, NewUser>>,
  Proof<Same<user.User, User>>,
  Proof<Same<user.UserChanges, UserChanges>>,
  // After a change of the routes, `npm run build:api` writes the schema anew.
  Proof<Identical<ApiSchema, Plain<ExtractSchema<Api>>>>,
];

type Proof<T extends true> = T;
// The compiler takes the two functions for the same only if the two types are identical.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- they are what is compared
type Identical<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

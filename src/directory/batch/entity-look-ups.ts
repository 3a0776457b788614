import * as z from 'zod';
import {
  type Account,
  accountByExternalId,
  accountByNumber,
  accountForUser,
  defaultAccount,
} from '../accounts/accounts.ts';
import { adminOfAccount, platformAdmin } from '../accounts/admins.ts';
import type { DefinedLookUp } from '../look-up.ts';
import { userProfileById } from '../profiles/profiles.ts';
import type { UserProfile } from '../profiles/user-profile.ts';
import { type User, userByExternalId, userById, userByUsername } from '../users/users.ts';

export type Entity = Account | User | UserProfile;
/** The parameters of its methods are of the one look-up that its name and input belong to. */
export type EntityDefinition = DefinedLookUp<string, z.ZodRawShape, Entity, unknown>;

const asked = <N extends string, S extends z.ZodRawShape>({
  name,
  input,
}: Pick<DefinedLookUp<N, S, unknown, unknown>, 'input' | 'name'>) =>
  z.strictObject({ lookUp: z.literal(name), ...input.shape });

/** A question for one account, user or user profile. An admin user is looked up and never created. */
export const EntityLookUp = z
  .discriminatedUnion('lookUp', [
    asked(userById),
    asked(userByUsername),
    asked(userByExternalId),
    asked(accountByNumber),
    asked(accountByExternalId),
    asked(defaultAccount),
    asked(accountForUser),
    asked(userProfileById),
    asked(platformAdmin),
    asked(adminOfAccount),
  ])
  .meta({ id: 'EntityLookUp' });
export type EntityLookUp = z.infer<typeof EntityLookUp>;

/** The look-up of each name. */
export const entityLookUps: { readonly [N in EntityLookUp['lookUp']]: EntityDefinition } = {
  user: userById,
  userByUsername,
  userByExternalId,
  account: accountByNumber,
  accountByExternalId,
  defaultAccount,
  accountForUser,
  userProfile: userProfileById,
  platformAdminProfile: platformAdmin,
  adminUser: adminOfAccount,
};

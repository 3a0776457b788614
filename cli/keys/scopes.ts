/** The rights that a key may have. */
export const SCOPES = [
  'directory:read',
  'directory:write',
  'cache:invalidate',
  'keys:write',
  'rights:write',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

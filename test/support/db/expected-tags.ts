type Row = Readonly<Record<string, unknown>>;

export interface Tables {
  accounts: Row[];
  users: Row[];
  user_profiles: Row[];
}

type TagsOfChange = (before: Row | undefined, after: Row | undefined) => unknown[];

const tagsByTable: Record<keyof Tables, TagsOfChange> = {
  accounts: (before, after) => [
    ...both(before, after, (row) => [
      `account:${text(row, 'id')}`,
      `account-number:${text(row, 'account_number')}`,
      ...externalIdOf('account', row),
    ]),
    isSet(before, 'is_default_account') !== isSet(after, 'is_default_account') && 'default-account',
  ],
  users: (before, after) => [
    ...both(before, after, (row) => [
      `user:${text(row, 'id')}`,
      `username:${text(row, 'username')}`,
      ...externalIdOf('user', row),
    ]),
    ['is_staff', 'is_superuser'].some((right) => isSet(before, right) !== isSet(after, right)) &&
      'user-rights',
  ],
  user_profiles: (before, after) =>
    both(before, after, (row) => [
      `profile:${text(row, 'id')}`,
      `members:${text(row, 'account_id')}`,
      `memberships:${text(row, 'user_id')}`,
    ]),
};

/** The tags of the difference between two images of the tables, as the design's table names them. */
export function expectedTags(before: Tables, after: Tables): string[] {
  const tags = (['accounts', 'users', 'user_profiles'] as const).flatMap((table) =>
    changes(before[table], after[table]).flatMap(([old, now]) => tagsByTable[table](old, now)),
  );
  return [...new Set(tags.filter((tag) => typeof tag === 'string'))].toSorted();
}

function changes(before: Row[], after: Row[]): [Row | undefined, Row | undefined][] {
  const byId = (rows: Row[]) => new Map(rows.map((row) => [row['id'], row]));
  const [old, now] = [byId(before), byId(after)];
  const ids = new Set([...old.keys(), ...now.keys()]);
  return [...ids]
    .map((id): [Row | undefined, Row | undefined] => [old.get(id), now.get(id)])
    .filter(([left, right]) => JSON.stringify(left) !== JSON.stringify(right));
}

function both(before: Row | undefined, after: Row | undefined, tags: (row: Row) => string[]): string[] {
  return [before, after].flatMap((row) => (row ? tags(row) : []));
}

function isSet(row: Row | undefined, column: string): boolean {
  return row?.[column] === true;
}

function text(row: Row, column: string): string {
  return String(row[column]);
}

function externalIdOf(kind: string, row: Row): string[] {
  return typeof row['external_id'] === 'string' ? [`${kind}-external-id:${row['external_id']}`] : [];
}

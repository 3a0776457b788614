import { Client } from 'pg';

/**
 * The place of the answer when an outage begins: memory and Redis; Redis; Redis past its fresh life; Postgres alone.
 */
export type Reach = 'hot' | 'shared' | 'stale' | 'cold';

/** A path and its one right answer. */
export interface Question {
  readonly path: string;
  readonly reach: Reach;
  readonly status: 200 | 404;
  /** The whole body; of a problem, its code. */
  readonly body: object;
}

export type Town = Readonly<Record<Reach, readonly Question[]>>;

const FIRST_ID = 100_000;
const SETTLED_AT = '2026-01-01T00:00:00.000Z';
/** One in so many cold questions is about something absent. */
const ABSENT_EVERY = 3;

/** Questions of all kinds about residents that `settleTown` makes. No question comes twice. */
export function makeTown(sizes: Readonly<Record<Reach, number>>): Town {
  let resident = 0;
  const make = (reach: Reach): Question[] =>
    Array.from({ length: sizes[reach] }, () => {
      resident += 1;
      const isAbsent = reach === 'cold' && resident % ABSENT_EVERY === 0;
      return { reach, ...(isAbsent ? askAbsent(resident) : askPresent(resident)) };
    });
  return { hot: make('hot'), shared: make('shared'), stale: make('stale'), cold: make('cold') };
}

/** Fills the database with an account, a user and a profile for each question. */
export async function settleTown(postgresUrl: string, town: Town): Promise<void> {
  const size = Object.values(town).flat().length;
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(`
      insert into accounts (id, account_number, company_name, created_at, updated_at)
      select ${FIRST_ID} + i, '9000-' || lpad((i / 10000)::text, 4, '0') || '-' || lpad((i % 10000)::text, 4, '0'),
        'Company ' || i, '${SETTLED_AT}', '${SETTLED_AT}' from generate_series(1, ${size}) as i;
      insert into users (id, username, email, date_joined)
      select ${FIRST_ID} + i, 'resident-' || i, 'resident-' || i || '@example.com', '${SETTLED_AT}'
      from generate_series(1, ${size}) as i;
      insert into user_profiles (id, user_id, account_id, created_at, updated_at)
      select ${FIRST_ID} + i, ${FIRST_ID} + i, ${FIRST_ID} + i, '${SETTLED_AT}', '${SETTLED_AT}'
      from generate_series(1, ${size}) as i;
      -- A drain would end the answers that a test puts into Redis.
      delete from cache_invalidations;`);
  } finally {
    await client.end();
  }
}

type Answered = Omit<Question, 'reach'>;

function askPresent(resident: number): Answered {
  const id = FIRST_ID + resident;
  const [account, user] = [accountOf(resident), userOf(resident)];
  const profile = profileOf(resident);
  const page = (item: object) => ({ items: [item], nextCursor: null });
  const questions: readonly [path: string, body: object][] = [
    [`/v1/users/${id}`, user],
    [`/v1/users/by-username/${user.username}`, user],
    [`/v1/users/${id}/account`, account],
    [`/v1/accounts/${account.accountNumber}`, account],
    [`/v1/accounts/${account.accountNumber}/users`, page(user)],
    [`/v1/accounts/${account.accountNumber}/user-profiles`, page(profile)],
    [`/v1/user-profiles/${id}`, profile],
    [`/v1/user-profiles/${id}/valid-resource-owners`, page(profile)],
  ];
  const [path, body] = pick(questions, resident);
  return { path, body, status: 200 };
}

function askAbsent(resident: number): Answered {
  const questions: readonly [path: string, code: string][] = [
    [`/v1/users/${9 * FIRST_ID + resident}`, 'user_does_not_exist'],
    [`/v1/users/by-username/nobody-${resident}`, 'user_does_not_exist'],
    [`/v1/accounts/8${numberOf(resident).slice(1)}`, 'account_does_not_exist'],
    [`/v1/accounts/8${numberOf(resident).slice(1)}/users`, 'account_does_not_exist'],
    [`/v1/user-profiles/${9 * FIRST_ID + resident}`, 'user_profile_does_not_exist'],
  ];
  const [path, code] = pick(questions, resident);
  return { path, body: { code }, status: 404 };
}

function pick<T>(questions: readonly T[], resident: number): T {
  const question = questions[resident % questions.length];
  if (question === undefined) throw new Error('there are no questions');
  return question;
}

function numberOf(resident: number): string {
  const digits = String(resident).padStart(8, '0');
  return `9000-${digits.slice(0, 4)}-${digits.slice(4)}`;
}

function accountOf(resident: number) {
  const address = { address1: '', address2: '', city: '', state: '', postalCode: '', country: 'USA' };
  return {
    id: FIRST_ID + resident,
    accountNumber: numberOf(resident),
    companyName: `Company ${resident}`,
    isDefaultAccount: false,
    isActive: true,
    phoneNumber: '',
    ...address,
    language: 'EN',
    timezone: 'America/New_York',
    currency: 'USD',
    externalId: null,
    metadata: {},
    createdAt: SETTLED_AT,
    updatedAt: SETTLED_AT,
    revision: 1,
  };
}

function userOf(resident: number) {
  return {
    id: FIRST_ID + resident,
    username: `resident-${resident}`,
    email: `resident-${resident}@example.com`,
    firstName: '',
    lastName: '',
    isActive: true,
    isStaff: false,
    isSuperuser: false,
    externalId: null,
    metadata: {},
    dateJoined: SETTLED_AT,
    lastLogin: null,
    revision: 1,
  };
}

function profileOf(resident: number) {
  return {
    id: FIRST_ID + resident,
    name: '',
    user: userOf(resident),
    account: accountOf(resident),
    profileImageUrl: null,
    isTest: false,
    createdAt: SETTLED_AT,
    updatedAt: SETTLED_AT,
    revision: 1,
  };
}

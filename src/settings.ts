import * as z from 'zod';
import { LOCAL_HOSTS } from './lib/local-hosts.ts';
import { ACCOUNT_NUMBER, ACCOUNT_NUMBER_FAULT } from './directory/accounts/account-number.ts';

const HOUR_MS = 3_600_000;

const digits = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);

/** A whole number in a var, within bounds; a missing one means the default. */
const whole = (standard: number, min: number, max: number) =>
  digits.pipe(z.number().min(min).max(max)).default(standard);

const hostSuffixes = z
  .string()
  .default('')
  .transform((list) =>
    list
      .toLowerCase()
      .split(',')
      .map((suffix) => suffix.trim().replace(/^\.|\.$/g, '')),
  )
  .transform((list) => list.filter((suffix) => suffix !== ''))
  .pipe(z.array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'must be host names, separated by commas')));

/** The digest of every good root key: none, one, or two while one takes the place of the other. */
const rootKeys = z
  .string()
  .regex(
    /^(?:[0-9a-f]{64}(?: [0-9a-f]{64})?|off)$/,
    'must be 64 lower-case hexadecimal digits, two such numbers with a blank between them, or off',
  )
  .transform((text): readonly string[] => (text === 'off' ? [] : text.split(' ')));
const list = (standard: string) =>
  z
    .string()
    .default(standard)
    .transform((text) => text.split(',').map((item) => item.trim()))
    .transform((items) => items.filter((item) => item !== ''));

/** An origin as browsers send it: no path, and no port that is the scheme's own. */
const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text;

const isLoopback = (text: string): boolean => URL.parse(text)?.hostname === '127.0.0.1';

/** So many requests in so many seconds; the platform counts in windows of 10 and 60 s. */
const rateLimitPolicy = (standard: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}\/(?:10|60)$/, 'must be requests/seconds, and 10 or 60 seconds')
    .default(standard)
    .transform((text) => text.split('/').map(Number))
    .transform(([quota = 0, windowS = 0]) => ({ quota, windowS }));

/** The driver refuses any other, and not before the first statement. */
function namesDatabase(text: string): boolean {
  const url = URL.parse(text);
  return Boolean(url?.username && url.hostname && url.pathname.length > 1);
}

/** Postgres' own port, and the one of the local stack. A request to it would hang until its deadline. */
const POSTGRES_PORTS = new Set(['', '5432', '54320']);

/** True unless a local URL names a port of Postgres itself, in place of the bridge that speaks Neon's protocol. */
function leadsToBridge(text: string): boolean {
  const url = URL.parse(text);
  return !(url && LOCAL_HOSTS.has(url.hostname) && POSTGRES_PORTS.has(url.port));
}

/** Every var and secret, with its bounds; docs/configuration.md says what each is for. */
const Settings = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .refine(namesDatabase, 'must name a user, a host and a database')
    .refine(
      leadsToBridge,
      "on this machine must name the port of the bridge that speaks Neon's protocol (54321 under npm run dev), not that of Postgres",
    ),
  UPSTASH_REDIS_REST_URL: z.url({ protocol: /^https?$/ }),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1),
  ROOT_API_KEY_SHA256: rootKeys,
  ENVIRONMENT: z.string().regex(/^[a-z0-9]{1,20}$/, 'must have 1 to 20 lower-case letters and digits'),
  PLATFORM_ACCOUNT_NUMBER: z.string().regex(ACCOUNT_NUMBER, ACCOUNT_NUMBER_FAULT),
  PLATFORM_ADMIN_USERNAME: z
    .string()
    .max(150)
    .regex(
      /^[^\p{White_Space}](?:.*[^\p{White_Space}])?$/u,
      'must have 1 to 150 characters, none of them a blank at an end',
    ),
  ROOT_DOMAIN: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i, 'must be a domain name'),
  ACCOUNT_HOST_SUFFIXES: hostSuffixes,
  DATABASE_ID: z
    .string()
    .regex(/^[\w.:/-]{0,200}$/, 'must be at most 200 letters, digits and . : / _ -')
    .default(''),
  // Seals cursors, and what decides rights in Redis; empty: the password of DATABASE_URL does. For deployments with
  // different passwords.
  // A second secret is only recognised: what it has sealed stays good while it is replaced.
  ENTRY_SECRET: z
    .string()
    .regex(
      /^(?:[\x21-\x7e]{32,200}(?: [\x21-\x7e]{32,200})?)?$/,
      'must be 32 to 200 printable characters without blanks, or two such secrets with a blank between them',
    )
    .default(''),
  MEMORY_TTL_MS: whole(5_000, 0, 60_000),
  MEMORY_LIFE_MS: whole(300_000, 0, HOUR_MS),
  MEMORY_MAX_BYTES: whole(16 * 2 ** 20, 2 ** 16, 64 * 2 ** 20),
  SHARED_FRESH_MS: whole(300_000, 1_000, HOUR_MS),
  SHARED_STALE_MS: whole(HOUR_MS, 0, HOUR_MS),
  ABSENT_FRESH_MS: whole(30_000, 1_000, HOUR_MS),
  LEASE_MS: whole(2_000, 100, 30_000),
  DRAIN_EVERY_MS: whole(2_500, 0, 60_000),
  REDIS_DEADLINE_MS: whole(250, 10, 10_000),
  POSTGRES_DEADLINE_MS: whole(5_000, 100, 25_000),
  ORIGIN_DEADLINE_MS: whole(2_000, 100, 25_000),
  BREAKER_FAILURES: whole(5, 1, 1_000),
  BREAKER_COOLDOWN_MS: whole(1_000, 10, 60_000),
  LOG_REQUESTS: z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .transform((text) => text === 'true'),
  CORS_ORIGINS: list('').pipe(
    z.array(z.string().refine(isOrigin, 'must be origins such as https://console.example.com')).max(20),
  ),
  KEY_RATE_LIMIT_POLICY: rateLimitPolicy('2000/10'),
  ADDRESS_RATE_LIMIT_POLICY: rateLimitPolicy('200/10'),
  ACCESS_TEAM_URL: z
    .string()
    .default('')
    .refine(
      (text) => text === '' || (isOrigin(text) && (text.startsWith('https:') || isLoopback(text))),
      'must be like https://team.cloudflareaccess.com, without a path',
    ),
  ACCESS_AUDIENCE: z
    .string()
    .regex(/^[\w-]{0,200}$/, 'must be the AUD tag of the application')
    .default(''),
  ACCESS_SCOPES: list('directory:read'),
  MAX_KEYS_PER_ACCOUNT: whole(1_000, 1, 1_000_000),
  AUDIT_RETENTION_DAYS: whole(400, 0, 36_500),
  CHANGES_KEPT_DAYS: whole(7, 0, 36_500),
  DELETIONS_KEPT_DAYS: whole(30, 0, 36_500),
});
export type Settings = z.infer<typeof Settings>;

/** A var or secret is missing or out of bounds; the message names each, never its value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Parses the bindings; throws `ConfigurationError`, naming everything that is wrong. */
export function parseSettings(env: object): Settings {
  const result = Settings.safeParse(env);
  if (result.success) return requireSecretKeys(requireWholeAccess(result.data));
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ConfigurationError(faults.join('; '));
}

/** The SHA-256 of the key of the local stack, `ea_local_root`, which everybody knows. */
const LOCAL_KEY_SHA256 = '470cbf7e81cf5c1b41d50009b1ac07daafd0daacd02be73d13e38d1c3093cccf';
/** The SHA-256 of no text, which a shell sends for a variable that is not set. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

// Anybody could use such a key, or nobody.
function requireSecretKeys(settings: Settings): Settings {
  const { ROOT_API_KEY_SHA256: digests, ENVIRONMENT: environment } = settings;
  const isKnown = environment !== 'local' && digests.includes(LOCAL_KEY_SHA256);
  if (!isKnown && !digests.includes(EMPTY_SHA256)) return settings;
  throw new ConfigurationError(
    `ROOT_API_KEY_SHA256: is the digest of ${isKnown ? 'the key of the local stack' : 'an empty text'}`,
  );
}

// Half of it would look like a door that is open and is not.
function requireWholeAccess(settings: Settings): Settings {
  const { ACCESS_TEAM_URL: team, ACCESS_AUDIENCE: audience } = settings;
  if ((team === '') === (audience === '')) return settings;
  throw new ConfigurationError('ACCESS_TEAM_URL, ACCESS_AUDIENCE: must be set both, or neither');
}

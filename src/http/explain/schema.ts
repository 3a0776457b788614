import * as z from 'zod';
import { AccountNumberReason } from '../response/account-number-reason.ts';
import { AccountNumber } from '../request/parameters.ts';
import { RedisLoss } from '../response/redis-loss.ts';

const LogicalTime = z
  .object({
    epoch: z.string(),
    n: z.int(),
    at: z.iso.datetime().meta({ description: '`n` as time.' }),
  })
  .meta({
    id: 'LogicalTime',
    description:
      "A point on the clock that Redis keeps. Within an epoch `n` grows strictly; it is Redis' own time in µs, unless that stepped back. Times of different epochs do not compare.",
  });

const Demands = z
  .object({
    noCache: z.boolean(),
    maxAgeMs: z.number().nullable(),
    consistencyToken: z.string().nullable(),
  })
  .meta({ description: 'What the read is taken to demand. A token that has outlived its purpose is null.' });

const Answer = z.object({
  tier: z.enum(['isolate', 'flight', 'redis', 'postgres']).nullable().meta({
    description:
      "Who would answer: this isolate's memory, a load under way in this isolate, Redis, or Postgres; null when nobody could.",
  }),
  because: z.array(z.string()).meta({ description: 'One reason per tier, in the order they are asked.' }),
  ifPostgresFails: z.enum(['same', 'stale-if-error', 'unavailable']).meta({
    description:
      'What the read comes to if Postgres fails: the same; a valid entry past its fresh life stands in; or 503.',
  }),
});

const bytes = z.int().meta({ description: 'Size of the answer as JSON.' });
const isAbsent = z.boolean().meta({
  description:
    'Whether the answer is that there is no such thing: a read of it is 404, or an empty answer, without asking Postgres.',
});
const tags = z.array(z.string()).meta({ description: 'What the answer depends on, besides `everything`.' });
const asOf = LogicalTime.nullable().meta({
  description: 'Taken before Postgres was read. Null when Redis was away: it then satisfies no token.',
});

const Isolate = z
  .object({
    state: z
      .enum([
        'none',
        'usable',
        'expired',
        'lapsed',
        'invalidated',
        'clock-stepped-back',
        'refused-by-no-cache',
        'refused-by-max-age',
        'refused-by-token',
      ])
      .meta({ description: 'Whether memory would answer, or why not.' }),
    invalidatedBy: z.string().nullable().meta({
      description: 'The tag that ends the entry: this isolate has invalidated it, or Redis told of it.',
    }),
    validation: z
      .object({
        ageMs: z.number().nullable().meta({
          description:
            'Since the newest call of Redis was sent whose news were applied. Up to MEMORY_TTL_MS, they validate what is covered.',
        }),
        cursor: LogicalTime.nullable().meta({
          description: 'The last invalidation in Redis that was applied.',
        }),
        through: LogicalTime.nullable().meta({ description: 'Every invalidation up to then was applied.' }),
        since: LogicalTime.nullable().meta({
          description: 'An answer that was known to be valid before then is not covered: a gap lies between.',
        }),
      })
      .nullable()
      .meta({ description: 'What Redis has told of invalidations. Null if MEMORY_LIFE_MS is 0.' }),
    entry: z
      .object({
        readAt: z.iso.datetime().meta({ description: 'When the read that brought it set out.' }),
        ageMs: z.number(),
        msLeft: z.number().meta({ description: 'Negative once it is past its life.' }),
        asOf,
        validAt: LogicalTime.nullable().meta({ description: 'When Redis found it valid.' }),
        hits: z.int(),
        isAbsent,
        bytes,
        tags,
      })
      .nullable(),
  })
  .meta({ description: 'The memory of the isolate that answered this request.' });

const Flight = z
  .object({
    state: z
      .enum([
        'joinable',
        'too-old',
        'invalidated',
        'refused-by-no-cache',
        'refused-by-max-age',
        'refused-by-token',
      ])
      .meta({ description: 'Whether the read would wait for it, or why not.' }),
    since: z.iso.datetime(),
    ageMs: z.number(),
    asOf: LogicalTime.nullable().meta({ description: 'Null while Redis has not spoken, or is away.' }),
  })
  .nullable()
  .meta({ description: 'The load of this look-up that is under way in this isolate.' });

const Clock = z
  .object({
    state: z.enum(['known', 'none', 'spent', 'unreadable']).meta({
      description:
        'Unless it is known, the next tick begins a new epoch, and with it nothing stored is valid. `spent`: too far ahead of the time of Redis.',
    }),
    last: LogicalTime.nullable().meta({ description: 'The last time that it gave out.' }),
    redisTime: z.iso.datetime().meta({ description: 'What time Redis has.' }),
  })
  .nullable();

const Breaker = z
  .object({
    state: z.enum(['closed', 'open']).meta({
      description: 'While it is open this isolate only asks the store whether it is back.',
    }),
    failuresInARow: z.int(),
    msUntilProbe: z.number().meta({ description: 'Until a read makes it ask that, behind its answer.' }),
  })
  .meta({
    id: 'Breaker',
    description: "This isolate's breaker. The explanation itself asks Redis whatever its state.",
  });

const Redis = z.object({
  state: z
    .enum([
      'fresh',
      'stale',
      'none',
      'expired',
      'invalidated',
      'other-epoch',
      'ahead',
      'unreadable',
      'refused-by-no-cache',
      'refused-by-token',
      'timeout',
      'unavailable',
    ])
    .meta({
      description:
        'What Redis has for the read. `fresh` answers; `stale` is valid, but stands in only when Postgres fails; `ahead`: its as-of is later than the clock; `unreadable`: somebody else wrote it; `timeout` and `unavailable`: Redis is away.',
    }),
  ms: z.number().meta({ description: 'How long Redis took to say so.' }),
  breaker: Breaker,
  key: z.string().nullable().meta({ description: 'The hash that holds the entry.' }),
  entry: z
    .object({
      bornAt: z.iso.datetime(),
      ageMs: z.number(),
      freshMsLeft: z.number().meta({ description: 'Negative once it is past its fresh life.' }),
      msLeft: z.number().meta({ description: 'Of its whole life.' }),
      asOf: LogicalTime,
      isAbsent,
      bytes,
      tags,
    })
    .nullable(),
  lease: z
    .object({ msLeft: z.number() })
    .nullable()
    .meta({ description: 'Held by whoever loads the answer now; null when nobody does.' }),
  clock: Clock,
  forgot: RedisLoss.nullable(),
});

const Tag = z.object({
  tag: z.string(),
  state: z.enum(['none', 'current', 'other-epoch', 'unreadable']).meta({
    description:
      'Whether the last invalidation counts: `none`: there was none that still matters; one of another epoch says nothing; one that cannot be read counts as now.',
  }),
  lastInvalidation: LogicalTime.nullable(),
  invalidates: z.array(z.enum(['isolate', 'redis'])).meta({
    description: "Whose entry it makes invalid. An isolate's own entry still answers until it expires.",
  }),
});

/** An explanation of a read, as JSON. */
export const Explanation = z
  .object({
    path: z.string(),
    route: z.string(),
    key: z.string().meta({ description: 'Names the look-up among all.' }),
    at: z.iso.datetime(),
    demands: Demands,
    answer: Answer,
    isolate: Isolate,
    flight: Flight,
    originWorker: z.object({ breaker: Breaker }).nullable(),
    redis: Redis,
    postgres: z.object({ breaker: Breaker }),
    tags: z.array(Tag).meta({ description: 'Every tag of either entry; none while Redis is away.' }),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof Explanation>;

/** Why a URL gives the account number that it gives: no store is asked, and nothing is remembered. */
export const ExplainedUrl = z
  .object({
    path: z.string(),
    route: z.string(),
    at: z.iso.datetime(),
    answer: z.object({ tier: z.null(), because: z.array(z.string()) }),
    accountNumber: AccountNumber.nullable(),
    ...AccountNumberReason.shape,
  })
  .meta({ id: 'ExplainedUrl' });
export type ExplainedUrl = z.infer<typeof ExplainedUrl>;

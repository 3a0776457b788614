import { formatLogicalTime, type LogicalTime } from '../logical-time.ts';

/** The newest logical time that an isolate has seen. */
export interface NewestTime {
  time: LogicalTime | null;
}

export function noteTime(newest: NewestTime | undefined, time: LogicalTime | null): void {
  const isOlder = newest?.time && time && newest.time.epoch === time.epoch && newest.time.n > time.n;
  if (newest && time && !isOlder) newest.time = withKnownEpoch(newest, time);
}

// An epoch lasts for weeks. One string for all its times saves 68 bytes for each entry in memory.
export function withKnownEpoch(newest: NewestTime | undefined, time: LogicalTime): LogicalTime {
  const epoch = newest?.time?.epoch;
  return epoch === time.epoch ? { epoch, n: time.n } : time;
}

/** The argument of a script. */
export function newestOf(newest: NewestTime | undefined): string {
  return newest?.time ? formatLogicalTime(newest.time) : '';
}

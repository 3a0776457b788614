/** The origin could not answer and no valid answer was in reach. The error does not tell whether the thing exists. */
export class OriginUnavailable extends Error {
  override readonly name: string = 'OriginUnavailable';
  readonly code: string = 'origin_unavailable';
}

/** The Worker beside the stores does not answer this question to this caller. */
export class OutOfReach extends Error {
  override readonly name = 'OutOfReach';
}

/** The origin has refused the question, and would refuse it again. This is a defect and not an outage. */
export class OriginRefused extends OriginUnavailable {
  override readonly name = 'OriginRefused';
  override readonly code = 'origin_refused';
}

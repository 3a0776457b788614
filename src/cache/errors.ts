/** The origin could not answer and nothing valid was in reach. Says nothing about whether the thing exists. */
export class OriginUnavailable extends Error {
  override readonly name: string = 'OriginUnavailable';
  readonly code: string = 'origin_unavailable';
}

/** The same, but the origin did answer: it refuses the question, and will refuse it again. A defect, and no outage. */
export class OriginRefused extends OriginUnavailable {
  override readonly name = 'OriginRefused';
  override readonly code = 'origin_refused';
}

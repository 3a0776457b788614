/** The origin could not answer and nothing valid was in reach. Says nothing about whether the thing exists. */
export class OriginUnavailable extends Error {
  override readonly name = 'OriginUnavailable';
  readonly code = 'origin_unavailable';
}

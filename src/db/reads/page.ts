/** One page of a list: at most `limit` rows, with ids above `afterId`. */
export interface Page {
  readonly afterId: number;
  readonly limit: number;
}

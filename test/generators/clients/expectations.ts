/** What a generated client answers, by the operation that it called. */
export interface Answers {
  /** The username of user 3. */
  readonly username: string | undefined;
  /** The code of the problem for a user that is not there. */
  readonly absent: string | undefined;
  /** The usernames of the first two users of an account. */
  readonly listed: readonly string[];
  /** The company of the account that the client created and then changed. */
  readonly changed: string | undefined;
}

export interface Caller {
  readonly baseUrl: string;
  readonly key: string;
}

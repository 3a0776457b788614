/** Service bindings by name; `ACCOUNTS` has no props. */
type CallerEnv = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>>>;

interface Call {
  readonly binding?: string;
  readonly method: string;
  readonly args: unknown[];
  /** How often to make the call, all at once. */
  readonly times: number;
}

/** Calls the RPC class as any other Worker would, and says what came back over the wire. */
export default {
  async fetch(request: Request, env: CallerEnv): Promise<Response> {
    const { binding = 'ACCOUNTS', method, args, times }: Call = await request.json();
    const calls = Array.from({ length: times }, () =>
      outcomeOf(async () => env[binding]?.[method]?.(...args)),
    );
    return Response.json(await Promise.all(calls));
  },
};

async function outcomeOf(call: () => Promise<unknown>): Promise<object> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof Error)) return { error };
    const { name, message, stack } = error;
    return { error: Object.assign({}, error, { name, message, stack }) };
  }
}

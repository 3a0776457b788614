interface SchedulerEnv {
  readonly ACCOUNTS: { scheduled(event: { cron: string }): Promise<{ outcome: string }> };
}

/** Runs the scheduled handler of the Worker in its binding, as the platform's cron does, and answers how it ended. */
export default {
  async fetch(_request: Request, { ACCOUNTS }: SchedulerEnv): Promise<Response> {
    const { outcome } = await ACCOUNTS.scheduled({ cron: '* * * * *' });
    return new Response(outcome);
  },
};

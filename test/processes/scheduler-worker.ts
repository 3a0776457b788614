interface SchedulerEnv {
  readonly ACCOUNTS: { scheduled(event: { cron: string }): Promise<{ outcome: string }> };
}

/** Fires the scheduled handler of the Worker that it is bound to, as the platform's cron does, and says how it ended. */
export default {
  async fetch(_request: Request, { ACCOUNTS }: SchedulerEnv): Promise<Response> {
    const { outcome } = await ACCOUNTS.scheduled({ cron: '* * * * *' });
    return new Response(outcome);
  },
};

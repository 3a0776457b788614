export interface StoreFault {
  readonly kind: string;
  readonly status?: number;
  readonly variant?: string;
}

/** The wrong bodies of each bridge, by hand, for Node's modules are not for tests in workerd. */
export const WRONG_BODIES = {
  redis:
    `null number text empty-object empty-array null-result text-result number-result object-result short-result
    nested-result list-of-results null-error`.split(/\s+/),
  postgres:
    `null number text empty-object empty-array null-rows object-rows empty-row null-row object-row no-fields
    no-columns lost-rows one-column no-results empty-results error-without-status`.split(/\s+/),
};

/** Every fault of a store's bridge that strikes at once, each variant of it. */
export function faultsOf(store: keyof typeof WRONG_BODIES): StoreFault[] {
  return [
    { kind: 'refuse' },
    { kind: 'reset' },
    { kind: 'status', status: 400 },
    { kind: 'status', status: 429 },
    { kind: 'status', status: 500 },
    { kind: 'truncated-json' },
    { kind: 'wrong-base64' },
    ...WRONG_BODIES[store].map((variant) => ({ kind: 'wrong-json', variant })),
  ];
}

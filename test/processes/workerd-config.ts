/** A Worker of a workerd process; its module lies beside the configuration as `<name>.js`. */
export interface WorkerService {
  readonly name: string;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly services?: readonly { binding: string; service: string; entrypoint?: string }[];
  /** Bindings to the HTTP of other processes, by name: their URLs. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly compatibilityDate: string;
}

/** The configuration of a workerd that serves each Worker on a free loopback port of its own. */
export function workerdConfig(workers: readonly WorkerService[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = ${list([...workers.map(describeService), ...workers.flatMap(describeElsewhere), INTERNET])},
  sockets = ${list(workers.map(describeSocket))},
);
`;
}

// A Worker may not call the loopback interface by default.
const INTERNET = '(name = "internet", network = (allow = ["public", "private", "local"]))';

function describeService({
  name,
  vars = {},
  services = [],
  elsewhere = {},
  flags = [],
  compatibilityDate,
}: WorkerService): string {
  const texts = Object.entries(vars).map(
    ([binding, value]) => `(name = ${text(binding)}, text = ${text(String(value))})`,
  );
  const far = Object.keys(elsewhere).map((binding) => ({ binding, service: elsewhereName(name, binding) }));
  const bindings = [...texts, ...[...services, ...far].map(describeBinding)];
  return `(name = ${text(name)}, worker = (
    modules = [(name = "index.js", esModule = embed ${text(`${name}.js`)})],
    compatibilityDate = ${text(compatibilityDate)},
    compatibilityFlags = ${list(flags.map(text))},
    bindings = ${list(bindings)}))`;
}

function describeElsewhere({ name, elsewhere = {} }: WorkerService): string[] {
  return Object.entries(elsewhere).map(
    ([binding, url]) =>
      `(name = ${text(elsewhereName(name, binding))}, external = (address = ${text(new URL(url).host)}, http = ()))`,
  );
}

function elsewhereName(worker: string, binding: string): string {
  return `${worker}-${binding}`;
}

function describeBinding({
  binding,
  service,
  entrypoint,
}: NonNullable<WorkerService['services']>[number]): string {
  const target = entrypoint ? `, entrypoint = ${text(entrypoint)}` : '';
  return `(name = ${text(binding)}, service = (name = ${text(service)}${target}))`;
}

function describeSocket({ name }: WorkerService): string {
  return `(name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${text(name)})`;
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

function text(value: string): string {
  return JSON.stringify(value);
}

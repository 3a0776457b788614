const GROUPS = 3;
const PER_GROUP = 10_000;
/** The greatest multiple of a group's numbers that 16 bits hold: what is above would favour the low ones. */
const FAIR_BELOW = Math.floor(2 ** 16 / PER_GROUP) * PER_GROUP;

/** An account number from the platform's cryptographic source, each of the 10^12 as likely. */
export function makeAccountNumber(): string {
  const groups: string[] = [];
  while (groups.length < GROUPS) {
    const [drawn = FAIR_BELOW] = crypto.getRandomValues(new Uint16Array(1));
    if (drawn < FAIR_BELOW) groups.push(String(drawn % PER_GROUP).padStart(4, '0'));
  }
  return groups.join('-');
}

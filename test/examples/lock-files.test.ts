import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test.each(['package-lock.json', 'bench/package-lock.json', 'test/generators/package-lock.json'])(
  '%s holds every package to its digest, and names no address to load it from',
  (path) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    const { packages }: { packages: Record<string, LockedPackage> } = JSON.parse(text);
    const locked = Object.entries(packages).filter(([name]) => name !== '');
    const namesOf = (isMeant: (one: LockedPackage) => boolean) =>
      locked.filter(([, one]) => isMeant(one)).map(([name]) => name);
    expect(locked.length).toBeGreaterThan(10);
    expect(namesOf(({ integrity = '' }) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
    expect(namesOf(({ resolved }) => resolved !== undefined)).toEqual([]);
    // `npm ci` refuses a lock file that lacks what another platform needs.
    const isLocked = (within: string, name: string) =>
      `node_modules/${name}` in packages || `${within}/node_modules/${name}` in packages;
    const missing = locked.flatMap(([within, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(within, name)),
    );
    expect(missing).toEqual([]);
  },
);

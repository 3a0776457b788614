import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../drizzle/migrations/', import.meta.url);

/** The SHA-256 of each migration. A new one is added here; a changed line of an old one means two different schemas. */
const LANDED = {
  '0000_tables.sql': '9ffd9180e4cc4a5c8af589a6cd2cbd27ec13e9d28b0b31714aa48468558accad',
  '0001_triggers.sql': '567e24b51f93144570372335105de87b383c4d8c30cab284eae06de10ef28a8c',
  '0002_managing.sql': '29a73a7581c80b18b14814e7dac428d8b4dfbd995d3503716d5472a12e13db61',
  '0003_rules.sql': 'd41b59bb1c2d397a5426ae10cd109a59d3134ab5cfa433a800c226ee948fb5b8',
  '0004_names.sql': '2612892b36ee45d6d9de22282a465c97864879783340461d692e83874b0e802f',
  '0005_keys.sql': '0407f4928128719c312a0042c16c0f974b408af65db9e807dafcf0f2d54366f1',
  '0006_bounds.sql': 'ae05803f53dd57b851c103693714f7e5dc240b7b376de350d14e36aaeb4fff55',
  '0007_audit.sql': '9431e83de56444548a4e35b2e7969ac87cd9913e1c7d94715aad6643d7f490d5',
  '0008_external_ids.sql': '43bf437140296c58ccbe7b63483c37aaa1ac22be3e046c9f13b0272558682e2f',
  '0009_feed.sql': 'e9953238c4d1f39788613471bdb998c7f9be3063f7ae764bd9bd5ce919b96eda',
  '0010_search.sql': '62d4661cad2686d714622b1d68c0650b3ebcba4637f9fbfbc3d344b8929b1f94',
  '0011_audit_actions.sql': '39834e195c29489c5507b4f0261d348eaa7dfd1a97bc3faab442e90ca34ee8ce',
  '0012_deletions.sql': '9a72785509cf9095f5c945a3d807737367f1127d52b9cf50c8ee90727741282b',
  '0013_audit_names.sql': '84f39c38b1e594c02672c5b9bf5eba5bf0c3a89f9e79f05dac45031c927f2fcc',
  '0014_erasure.sql': '279fd3f83cdfe6adbe0cdbac5d13611a89bbb8ac4537575cbd5b4dac257a1451',
};

const digest = (name: string) =>
  createHash('sha256')
    .update(readFileSync(new URL(name, folder)))
    .digest('hex');

test('no landed migration was edited, and each is listed', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  expect(Object.fromEntries(files.map((name) => [name, digest(name)]))).toEqual(LANDED);
});

/** A larger answer is not stored: it would cost every reader more than asking the origin. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

/** The greatest number of tags of one entry. Thousands more would overflow the stack of Lua's unpack. */
export const MAX_ENTRY_TAGS = 1_000;

/**
 * No entry lives longer, whatever the settings of its deployment. Tags must outlive every entry of every deployment that shares
 * the database, so their life cannot be a setting.
 */
export const LONGEST_LIFE_MS = 2 * 3_600_000;

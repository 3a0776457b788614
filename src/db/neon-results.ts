/** `fetch` for Neon's driver, which would take an answer of another shape for one without rows: a thing that is not there. */
export async function fetchResults(url: string, init: RequestInit) {
  const response = await fetch(url, init);
  if (!response.ok) return response;
  const body: unknown = await response.json();
  requireResults(body);
  return { ok: true, status: response.status, json: async () => body };
}

/** Throws unless it is what Neon answers: a result of as many rows as it says, each of as many values as there are fields. */
export function requireResults(body: unknown): void {
  const results = isObject(body) && Array.isArray(body['results']) ? body['results'] : [body];
  if (!results.every(isResult)) throw new Error('the answer is no result of a statement');
}

function isResult(result: unknown): boolean {
  if (!isObject(result)) return false;
  const { command, fields, rowCount, rows } = result;
  if (typeof command !== 'string' || !Array.isArray(fields) || !Array.isArray(rows)) return false;
  if (fields.length === 0) return rows.length === 0 && command !== 'SELECT';
  // Commands such as SHOW count nothing.
  const isComplete = rowCount === null || rowCount === rows.length;
  return isComplete && rows.every((row) => Array.isArray(row) && row.length === fields.length);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

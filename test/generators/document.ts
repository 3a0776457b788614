import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorker } from '../../local/bundle.ts';

/** The folder of this package. */
export const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Writes the OpenAPI document that the Worker would answer. Returns its path below the folder of this package. */
export async function writeDocument(): Promise<string> {
  // Node cannot import the source itself, which imports JSON as bundlers do.
  const code = await bundleWorker(`${FOLDER}../support/http/document-text.ts`);
  const { text }: { text: string } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  await mkdir(`${FOLDER}clients/generated`, { recursive: true });
  await writeFile(`${FOLDER}clients/generated/openapi.json`, text);
  return 'clients/generated/openapi.json';
}

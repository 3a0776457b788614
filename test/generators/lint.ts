// `npm run check`: Redocly's recommended rules. Warnings fail too.
import { writeDocument } from './document.ts';
import { run } from './program.ts';

run('redocly', 'lint', await writeDocument(), '--config', 'redocly.yaml', '--max-problems', '1000');

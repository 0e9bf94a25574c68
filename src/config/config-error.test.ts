import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { placeOf } from './config-error.js'

describe('the place of an error', () => {
  const file = '/home/jane/my cluster (old)/t8s.config.ts'
  const at = (...lines: string[]) => Object.assign(new Error('no'), { stack: ['Error: no', ...lines].join('\n') })
  const table: [string, unknown, string][] = [
    ['in the file', at(`    at f (${file}:3:7)`), `${file}:3:7`],
    ['in the message', new Error(`Unexpected token\n ${file}:5:2`), `${file}:5:2`],
    ['as a URL', at(`    at file://${file}:3:7`), `${file}:3:7`],
    [
      'in what it imports',
      at('    at node:fs:1:1', '    at g (/home/jane/my cluster (old)/lib/a.ts:1:2)', `    at f (${file}:3:7)`),
      '/home/jane/my cluster (old)/lib/a.ts:1:2',
    ],
    [
      'not in packages',
      at('    at g (/home/jane/my cluster (old)/node_modules/x/a.js:1:2)', `    at f (${file}:3:7)`),
      `${file}:3:7`,
    ],
    ['unknown', at('    at node:fs:1:1'), file],
    ['of what is no error', 'oops', file],
  ]
  for (const [what, error, expected] of table) it(what, () => assert.equal(placeOf(error, file), expected))
})

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

it('the documentation shows the examples as they are', () => {
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'examples'))) root = dirname(root)
  const shown = readFileSync(join(root, 'docs/extending.md'), 'utf8')
  const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter(entry => entry.isDirectory())
  assert.ok(examples.length > 0)
  for (const { name } of examples)
    assert.ok(shown.includes(readFileSync(join(root, 'examples', name, 't8s.config.ts'), 'utf8')), name)
})

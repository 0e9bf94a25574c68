import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonLines } from './json-lines.js'

async function parsed(chunks: readonly (string | Buffer)[]): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of jsonLines(chunks.map(chunk => Buffer.from(chunk as string)))) values.push(value)
  return values
}

describe('JSON lines', () => {
  const cases: readonly (readonly [string, readonly string[], readonly unknown[]])[] = [
    ['one a chunk', ['{"a":1}\n', '{"a":2}\n'], [{ a: 1 }, { a: 2 }]],
    ['several a chunk', ['1\n2\n3\n'], [1, 2, 3]],
    ['in pieces', ['{"a"', ':', '"x', 'y"}', '\n[', ']\n'], [{ a: 'xy' }, []]],
    ['empty lines', ['\n\n1\n\n', '\n'], [1]],
    ['nothing', [], []],
    // A broken connection leaves half a line behind.
    ['half a line at the end', ['1\n{"a":'], [1]],
  ]
  for (const [name, chunks, expected] of cases) it(name, async () => assert.deepEqual(await parsed(chunks), expected))

  it('characters cut in two', async () => {
    const bytes = Buffer.from('"ü🙂"\n')
    assert.deepEqual(await parsed([...bytes].map(byte => Buffer.from([byte]))), ['ü🙂'])
  })

  it('a value of many chunks', async () => {
    const text = JSON.stringify('x'.repeat(1_000_000))
    const chunks = text.match(/.{1,1000}/gs) ?? []
    assert.deepEqual(await parsed([...chunks, '\n']), [JSON.parse(text)])
  })
})

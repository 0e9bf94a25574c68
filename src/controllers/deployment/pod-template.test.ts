import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { labelValue } from '../../machinery/names.js'
import { sameTemplate, templateHash } from './pod-template.js'
import { template } from './test-objects.js'

describe('pod templates', () => {
  test('are the same whatever their hash label says', () => {
    const plain = template('app:1')
    const table: [string, boolean, ReturnType<typeof template>][] = [
      ['itself', true, plain],
      ['with a hash', true, template('app:1', { app: 'web', 'pod-template-hash': 'x' })],
      ['another image', false, template('app:2')],
      ['another label', false, template('app:1', { app: 'web', extra: 'x' })],
    ]
    for (const [what, same, other] of table) {
      assert.equal(sameTemplate(plain, other), same, what)
      assert.equal(sameTemplate(other, plain), same, what)
    }
  })

  test('hash to short texts that are the same for the same template, in whatever order it is written', () => {
    const one = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [], restartPolicy: 'Always' } }
    const other = { spec: { restartPolicy: 'Always', containers: [] }, metadata: { labels: { b: '2', a: '1' } } }
    assert.equal(templateHash(one as never, 0), templateHash(other as never, 0))
    assert.notEqual(templateHash(template('app:1'), 0), templateHash(template('app:2'), 0))
    assert.notEqual(templateHash(template('app:1'), 0), templateHash(template('app:1'), 1), 'salted by collisions')
    assert.deepEqual(labelValue(templateHash(template('app:1'), 0)), [])
    assert.match(templateHash(template('app:1'), 0), /^[a-z0-9]{1,10}$/)
  })

  test('the hash never changes from one release to the next', () => {
    assert.equal(templateHash(template('app:1'), 0), 'dbklcjhddl')
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ControllerRevision, DaemonSet } from '../../api/apps/v1/index.js'
import { planRevision, revisionData, revisionFor, revisionTemplate, surplusRevisions } from './revision-plan.js'

const template = (image: string) => ({
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image }] },
})
const revision = (image: string, number: number): ControllerRevision =>
  ({ metadata: { name: image }, data: revisionData(template(image) as never), revision: number }) as never
const owner = (limit?: number) =>
  ({
    metadata: { namespace: 'ns', name: 'x', uid: 'u', annotations: { why: 'because' } },
    spec: { selector: {}, template: template('1'), ...(limit === undefined ? {} : { revisionHistoryLimit: limit }) },
    status: {},
  }) as never

test('a template is the revision that holds it, which becomes the newest', () => {
  const plan = (image: string, ...revisions: ControllerRevision[]) => planRevision(template(image) as never, revisions)
  assert.deepEqual(plan('1'), { type: 'create', number: 1 })
  assert.deepEqual(plan('3', revision('2', 7), revision('1', 3)), { type: 'create', number: 8 })
  assert.deepEqual(plan('2', revision('2', 7), revision('1', 3)), { type: 'keep', revision: revision('2', 7) })
  assert.deepEqual(plan('1', revision('2', 7), revision('1', 3)), {
    type: 'renumber',
    revision: revision('1', 3),
    to: 8,
  })
})

test('a revision brings its template back', () => {
  const made = revisionFor(DaemonSet, owner(), 'hash', 4, 0)
  const name = made.metadata?.name ?? ''
  assert.match(name, /^x-[b-m]+$/)
  assert.deepEqual(made.metadata?.labels, { app: 'a', hash: name.slice(2) })
  assert.deepEqual(made.metadata?.annotations, { why: 'because' })
  assert.deepEqual(made.data, { spec: { template: { ...template('1'), $patch: 'replace' } } })
  assert.deepEqual(revisionTemplate(made as never), template('1'))
  assert.notEqual(revisionFor(DaemonSet, owner(), 'hash', 4, 1).metadata?.name, name)
  assert.equal(revisionTemplate({ metadata: {}, data: {}, revision: 1 } as never), undefined)
})

test('the oldest unused revisions go beyond the limit', () => {
  const numbers = (limit: number | undefined, counted?: number) =>
    surplusRevisions(owner(limit), [revision('3', 3), revision('1', 1), revision('2', 2)], counted).map(
      one => one.revision,
    )
  assert.deepEqual(numbers(undefined), [])
  assert.deepEqual(numbers(1), [1, 2])
  assert.deepEqual(numbers(1, 2), [1])
  assert.deepEqual(numbers(0, 9), [1, 2, 3])
  assert.deepEqual(numbers(-1), [])
})

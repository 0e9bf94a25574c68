import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node } from '../api/core/v1/index.js'
import type { Client, ReconcileContext } from '../client/index.js'
import { ManualClock } from '../machinery/clock.js'
import { nodeScraper } from './node-scraper.js'

const node = (ready = 'True', port = 10250): Node =>
  ({
    metadata: { name: 'n' },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  }) as unknown as Node

function scraping(answer: () => { readonly status: number; readonly text: string }) {
  const asked: string[] = []
  const taken: string[] = []
  const errors: string[] = []
  const clock = new ManualClock()
  const cluster = { node: node() as Node | undefined }
  const controller = nodeScraper({
    period: 15_000,
    firstPeriod: 3000,
    timeout: 10_000,
    taken: name => taken.push(name),
    forget: name => taken.push(`-${name}`),
    onError: error => errors.push(String((error as Error).cause)),
  })
  const client = {
    async request({ path }: { path: string }) {
      asked.push(path)
      const { status, text } = answer()
      return { status, headers: {}, body: { kind: 'bytes', chunks: [Buffer.from(text)] } }
    },
  } as unknown as Client
  const context = {
    client,
    clock,
    signal: new AbortController().signal,
    get: () => cluster.node,
  } as unknown as ReconcileContext
  const run = () => controller.reconcile({ namespace: '', name: 'n' }, context)
  return { asked, taken, errors, clock, cluster, run }
}

describe('nodes are asked', () => {
  it('soon a second time, then at regular times, however often they change', async () => {
    const { run, clock, asked, taken } = scraping(() => ({ status: 200, text: '' }))
    assert.deepEqual(await run(), { after: 3000 })
    clock.advance(1000)
    assert.deepEqual(await run(), { after: 2000 })
    clock.advance(2000)
    assert.deepEqual(await run(), { after: 15_000 })
    clock.advance(15_000)
    assert.deepEqual(await run(), { after: 15_000 })
    assert.deepEqual(asked, Array(3).fill('/api/v1/nodes/n/proxy/metrics/resource'))
    assert.deepEqual(taken, ['n', 'n', 'n'])
  })

  it('only while they are ready and have a kubelet', async () => {
    const { run, cluster, asked, taken } = scraping(() => ({ status: 200, text: '' }))
    for (const one of [node('False'), node('Unknown'), node('True', 0), undefined]) {
      cluster.node = one
      assert.equal(await run(), undefined)
    }
    assert.deepEqual([asked, taken], [[], ['-n']])
  })

  it('again when they fail, which is told once', async () => {
    let status = 503
    const { run, clock, errors, taken } = scraping(() => ({ status, text: 'no' }))
    for (let i = 0; i < 3; i++) {
      assert.ok(await run())
      clock.advance(15_000)
    }
    assert.deepEqual([errors, taken], [['Error: 503: no'], []])
    status = 200
    await run()
    clock.advance(15_000)
    status = 500
    await run()
    assert.deepEqual([errors.length, taken], [2, ['n']])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { debugPagesStage } from './debug-pages.js'
import type { RequestContext } from './pipeline.js'
import { text } from './respond.js'

const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'))
const stage = debugPagesStage({
  clock,
  version: '1.36.0',
  flags: { 'goaway-chance': '0', 'bind-address': '::' },
  paths: ['/readyz', '/livez'],
})

async function ask(path: string, verb = 'get'): Promise<string[]> {
  const { body } = await stage({ info: { path, verb } } as RequestContext, async () => text(404, 'nobody'))
  assert.ok(body.kind === 'bytes')
  return String(body.chunks[0]).split('\n')
}

describe('pages for people', () => {
  it('tell how long the server has been up', async () => {
    clock.advance(3_725_000)
    const lines = await ask('/statusz')
    assert.deepEqual(lines.slice(0, 2), ['', 'kube-apiserver statusz'])
    assert.deepEqual(lines.slice(4, 6), ['Started: Fri Jan  2 03:04:05 UTC 2026', 'Up: 1 hr 02 min 05 sec'])
    assert.deepEqual(lines.slice(7, 10), ['Binary version: 1.36.0', 'Emulation version: 1.36', 'Paths: /livez /readyz'])
  })

  it('tell the flags', async () => {
    assert.deepEqual((await ask('/flagz')).slice(4, 6), ['bind-address=::', 'goaway-chance=0'])
  })

  it('are to be read', async () => {
    assert.deepEqual(await ask('/flagz', 'post'), ['nobody'])
    assert.deepEqual(await ask('/other'), ['nobody'])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { debugPagesStage } from './debug-pages.js'
import type { RequestContext } from './pipeline.js'
import { text } from './respond.js'

const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'))
const stage = debugPagesStage({
  component: 'kube-apiserver',
  clock,
  version: '1.36.0',
  flags: { 'goaway-chance': '0', 'bind-address': '::' },
  paths: ['/readyz', '/livez'],
})

async function answer(path: string, accept = '', verb = 'get'): Promise<string> {
  const request = { headers: { accept }, query: new URLSearchParams() }
  const context = { info: { path, verb }, request } as unknown as RequestContext
  const { body } = await stage(context, async () => text(404, 'nobody'))
  assert.ok(body.kind === 'bytes')
  return String(body.chunks[0])
}

const ask = async (path: string, verb?: string): Promise<string[]> => (await answer(path, '', verb)).split('\n')

const forms: readonly (readonly [accept: string, kind: string | undefined])[] = [
  ['application/json;as=Flagz;v=v1beta1;g=config.k8s.io', 'config.k8s.io/v1beta1'],
  ['application/json;v=v1alpha1;g=config.k8s.io;as=Flagz', 'config.k8s.io/v1alpha1'],
  ['application/json, */*', undefined],
  ['text/plain', undefined],
  ['application/json;as=Statusz;v=v1beta1;g=config.k8s.io, text/plain', undefined],
]

const refused = ['application/json', 'application/json;as=Flagz;v=v9;g=config.k8s.io', 'image/png']

describe('pages for people', () => {
  it('tell how long the server has been up', async () => {
    clock.advance(3_725_000)
    const lines = await ask('/statusz')
    assert.deepEqual(lines.slice(0, 2), ['', 'kube-apiserver statusz'])
    assert.deepEqual(lines.slice(4, 6), ['Started: Fri Jan  2 03:04:05 UTC 2026', 'Up: 1 hr 02 min 05 sec'])
    assert.deepEqual(lines.slice(7, 11), [
      'Binary version: 1.36.0',
      'Emulation version: 1.36',
      'Minimum compatibility version: 1.35',
      'Paths: /livez /readyz',
    ])
  })

  it('tell the flags', async () => {
    assert.deepEqual((await ask('/flagz')).slice(4, 6), ['bind-address=::', 'goaway-chance=0'])
  })

  it('are to be read', async () => {
    assert.deepEqual(await ask('/flagz', 'post'), ['nobody'])
    assert.deepEqual(await ask('/other'), ['nobody'])
  })

  for (const [accept, wanted] of forms)
    it(`have the form of ${accept}`, async () => {
      const page = await answer('/flagz', accept)
      if (wanted === undefined) assert.ok(page.startsWith('\nkube-apiserver flagz\n'))
      else
        assert.deepEqual(JSON.parse(page), {
          ...{ kind: 'Flagz', apiVersion: wanted, metadata: { name: 'kube-apiserver' } },
          flags: { 'bind-address': '::', 'goaway-chance': '0' },
        })
    })

  it('are objects for programs', async () => {
    assert.deepEqual(JSON.parse(await answer('/statusz', 'application/json;as=Statusz;v=v1beta1;g=config.k8s.io')), {
      ...{ kind: 'Statusz', apiVersion: 'config.k8s.io/v1beta1', metadata: { name: 'kube-apiserver' } },
      startTime: '2026-01-02T03:04:05Z',
      uptimeSeconds: 3725,
      binaryVersion: '1.36.0',
      emulationVersion: '1.36',
      minimumCompatibilityVersion: '1.35',
      paths: ['/livez', '/readyz'],
    })
  })

  for (const accept of refused)
    it(`have no form ${accept}`, () =>
      assert.rejects(answer('/flagz', accept), {
        code: 406,
        message:
          'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, text/plain',
      }))
})

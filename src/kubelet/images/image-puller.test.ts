import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Secret } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { RuntimeError } from '../runtime/runtime-error.js'
import { ImagePuller, type ImageRequest } from './image-puller.js'

const setup = (options: { readonly present?: boolean; readonly fails?: boolean } = {}) => {
  const clock = new ManualClock()
  const log: string[] = []
  let { present = false, fails = false } = options
  const cri = {
    imageStatus: async () => (present ? { image: { id: 'sha256:1', size: 42 } } : {}),
    pullImage: async ({ auth }: { auth?: { username?: string } }) => {
      log.push(`pull ${auth?.username ?? ''}`.trim())
      await Promise.resolve()
      if (fails) throw new RuntimeError('NotFound', 'no such image')
      present = true
      return { imageRef: 'sha256:1' }
    },
  }
  const puller = new ImagePuller({ cri: cri as never, clock })
  const ensure = (rest: Partial<ImageRequest> = {}) =>
    puller
      .ensure({
        owner: 'u1',
        image: 'web:1',
        policy: 'IfNotPresent',
        secrets: [],
        sandbox: {},
        record: (_, reason, message) => log.push(`${reason}: ${message}`),
        signal: new AbortController().signal,
        ...rest,
      })
      .then(
        ({ ref }) => ref,
        (error: { reason: string; message: string }) => `${error.reason}: ${error.message}`,
      )
  return { clock, log, ensure, heal: () => (fails = false) }
}

const presentMessage = (image: string) =>
  `Pulled: Container image "${image}" already present on machine and can be accessed by the pod`

describe('seeing to an image', () => {
  it('takes what is there', async () => {
    const { ensure, log } = setup({ present: true })
    assert.equal(await ensure(), 'sha256:1')
    assert.deepEqual(log, [presentMessage('web:1')])
  })

  it('pulls what is not', async () => {
    const { ensure, log } = setup()
    assert.equal(await ensure(), 'sha256:1')
    assert.deepEqual(log, [
      'Pulling: Pulling image "web:1"',
      'pull',
      'Pulled: Successfully pulled image "web:1" in 0s (0s including waiting). Image size: 42 bytes.',
    ])
  })

  it('always asks where it is told to, or where the tag moves', async () => {
    const { ensure, log } = setup({ present: true })
    await ensure({ policy: 'Always' })
    await ensure({ image: 'web', policy: undefined })
    await ensure({ image: 'web:2', policy: undefined })
    assert.deepEqual(
      log.filter(line => line === 'pull'),
      ['pull', 'pull'],
    )
    assert.equal(log.at(-1), presentMessage('web:2'))
  })

  it('never pulls where it must not', async () => {
    const { ensure } = setup()
    const message = 'Container image "web:1" is not present with pull policy of Never'
    assert.equal(await ensure({ policy: 'Never' }), `ErrImageNeverPull: ${message}`)
  })

  it('refuses what is no name', async () => {
    const { ensure } = setup()
    assert.match(await ensure({ image: 'Web!' }), /^InvalidImageName: Failed to apply default image tag "Web!"/)
  })

  it('backs off after a failure, longer each time', async () => {
    const { ensure, log, clock, heal } = setup({ fails: true })
    const error = 'rpc error: code = NotFound desc = no such image'
    assert.equal(await ensure(), `ErrImagePull: ${error}`)
    assert.deepEqual(log.splice(0), [
      'Pulling: Pulling image "web:1"',
      'pull',
      `Failed: Failed to pull image "web:1": ${error}`,
    ])
    assert.equal(await ensure(), `ImagePullBackOff: Back-off pulling image "web:1": ErrImagePull: ${error}`)
    assert.deepEqual(log.splice(0), ['BackOff: Back-off pulling image "web:1"'])
    clock.advance(10_000)
    assert.equal(await ensure(), `ErrImagePull: ${error}`)
    clock.advance(10_000)
    assert.match(await ensure(), /^ImagePullBackOff/)
    heal()
    clock.advance(10_000)
    assert.equal(await ensure(), 'sha256:1')
  })

  it('pulls once for pods that start together', async () => {
    const { ensure, log } = setup()
    assert.deepEqual(await Promise.all([ensure(), ensure({ owner: 'u2' })]), ['sha256:1', 'sha256:1'])
    assert.deepEqual(
      log.filter(line => line === 'pull'),
      ['pull'],
    )
  })

  it('shows its pull secrets', async () => {
    const { ensure, log } = setup()
    const config = JSON.stringify({ auths: { 'registry.example': { username: 'joe', password: 'x' } } })
    const secret = {
      metadata: { name: 's' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    } as Secret
    await ensure({ image: 'registry.example/web:1', secrets: [secret] })
    assert.ok(log.includes('pull joe'))
  })

  it('stops waiting when nobody wants it any more', async () => {
    const { ensure } = setup()
    const abort = new AbortController()
    const waiting = ensure({ signal: abort.signal })
    abort.abort({ reason: 'ended', message: 'now' })
    assert.equal(await waiting, 'ended: now')
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { ConfigMap } from '../api/core/v1/index.js'
import { StatusError } from '../machinery/status-error.js'
import { ControlPlane } from './control-plane.js'

const namespace = 'default'

/** A server on disk, without a port. */
async function withServer(action: (plane: ControlPlane) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 't8s-writers-'))
  try {
    const options = { dataDir: join(folder, 'store'), port: false, controllers: false, scheduler: false } as const
    await using plane = await ControlPlane.start(options)
    await action(plane)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

it('ten thousand patches at once are all there', { timeout: 480_000 }, () =>
  withServer(async ({ client }) => {
    const [writers, objects] = [10_000, 500]
    const names = Array.from({ length: objects }, (_, i) => `c${i}`)
    for (const name of names) await client.create(ConfigMap, { metadata: { name, namespace } })
    const answers = await Promise.all(
      Array.from({ length: writers }, (_, i) =>
        client.patch(
          ConfigMap,
          { name: `c${i % objects}`, namespace },
          { type: 'merge', body: { data: { [`k${i}`]: `${i}` } } },
        ),
      ),
    )
    for (const [i, { data }] of answers.entries()) assert.equal(data?.[`k${i}`], `${i}`)
    const versions = new Set(answers.map(({ metadata }) => metadata.resourceVersion))
    assert.equal(versions.size, writers, 'each of them was a write of its own')
    const { items } = await client.list(ConfigMap, { namespace })
    const kept = items.flatMap(({ data }) => Object.entries(data ?? {})).filter(([key]) => key.startsWith('k'))
    assert.equal(kept.length, writers)
    for (const [key, value] of kept) assert.equal(key, `k${value}`)
  }),
)

it('who replaces what has changed meanwhile is told, so that counters count everybody', { timeout: 480_000 }, () =>
  withServer(async ({ client }) => {
    const [writers, objects] = [500, 50]
    let conflicts = 0
    for (let i = 0; i < objects; i++)
      await client.create(ConfigMap, { metadata: { name: `c${i}`, namespace }, data: { count: '0' } })
    const increment = async (name: string): Promise<void> => {
      for (;;) {
        const found = await client.get(ConfigMap, { name, namespace })
        try {
          await client.update(ConfigMap, { ...found, data: { count: `${Number(found.data?.['count']) + 1}` } })
          return
        } catch (error) {
          if (!(error instanceof StatusError) || error.reason !== 'Conflict') throw error
          conflicts++
        }
      }
    }
    await Promise.all(Array.from({ length: writers }, (_, i) => increment(`c${i % objects}`)))
    for (let i = 0; i < objects; i++) {
      const { data } = await client.get(ConfigMap, { name: `c${i}`, namespace })
      assert.equal(data?.['count'], `${writers / objects}`)
    }
    assert.ok(conflicts > 0, 'they did get into each other’s way')
  }),
)

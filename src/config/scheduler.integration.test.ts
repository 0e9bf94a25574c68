import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod } from '../api/core/v1/index.js'
import { ControlPlane, type ControlPlaneOptions } from '../cluster/control-plane.js'
import { eventually } from '../controllers/eventually.js'
import { Unschedulable } from '../scheduler/framework.js'
import { defineConfig } from './config.js'
import { configFolder } from './test-config-file.js'

const pod = (name: string, labels: { [key: string]: string } = {}) => ({
  metadata: { namespace: 'default', name, labels },
  spec: { containers: [{ name: 'a', image: 'a' }] },
})

const odd = `{
  name: 'OddNodes',
  filter: ({ pod }) => {
    if (pod.metadata.labels?.['never']) throw new Unschedulable('it is never to run')
    return ({ name }) => (/[13]$/.test(name) ? undefined : { reasons: ['it is even'] })
  },
}`

describe('scheduler plugins', { timeout: 120_000 }, () => {
  const check = async (config: NonNullable<ControlPlaneOptions['config']>) => {
    await using plane = await ControlPlane.start({ port: false, simulatedNodes: 4, config, onError: () => {} })
    const alive = setInterval(() => {}, 60_000)
    try {
      const { client } = plane
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await client.create(Pod, pod(name))
      await client.create(Pod, pod('never', { never: 'true' }))
      await eventually(async () => {
        const { items } = await client.list(Pod, { namespace: 'default' })
        const nodes = items.filter(({ metadata }) => metadata.name !== 'never').map(({ spec }) => spec.nodeName ?? '')
        assert.ok(nodes.length === 6 && nodes.every(name => /[13]$/.test(name)), JSON.stringify(nodes))
        const never = items.find(({ metadata }) => metadata.name === 'never')
        const placed = never?.status.conditions?.find(({ type }) => type === 'PodScheduled')
        assert.match(placed?.message ?? '', /it is never to run/)
      }, 60_000)
    } finally {
      clearInterval(alive)
    }
  }

  it('of a program have a say', () =>
    check(
      defineConfig({
        scheduler: [
          {
            name: 'OddNodes',
            filter: ({ pod }) => {
              if (pod.metadata.labels?.['never']) throw new Unschedulable('it is never to run')
              return ({ name }) => (/[13]$/.test(name) ? undefined : { reasons: ['it is even'] })
            },
          },
        ],
      }),
    ))

  it('of a file have the scheduler run in their thread', async () => {
    await using folder = await configFolder()
    await check(
      await folder.write(`
        import { defineConfig, Unschedulable } from 'typernetes'
        export default defineConfig({ scheduler: [${odd}] })`),
    )
  })
})

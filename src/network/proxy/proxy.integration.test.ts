import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import type { Client } from '../../client/client.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ProgramError, type RunProgram } from '../run-program.js'
import { type ProxyOptions, startProxy } from './proxy.js'

const place = { nodeName: 'here', podCidr: '10.244.0.0/24', clusterCidr: '10.244.0.0/16', tableName: 't' }

/** Options of a proxy whose nft only takes notes. */
function notingProxy(client: Client) {
  const scripts: string[] = []
  const errors: unknown[] = []
  const run: RunProgram = async (argv, { input = '' } = {}) => {
    if (argv.includes('list')) throw new ProgramError(argv, 1, 'Error: No such file or directory')
    if (argv[0] === 'nft') scripts.push(input || argv.join(' '))
    return ''
  }
  const options: ProxyOptions = { ...place, client, run, onError: error => errors.push(error) }
  return { options, scripts, errors }
}

async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 60_000
  while (!done()) {
    assert.ok(Date.now() < end, 'did not happen within a minute')
    await new Promise(setImmediate)
  }
}

describe('the proxy of a cluster', () => {
  it('follows services and their slices', async () => {
    await using cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    const { client } = cluster
    const { options, scripts, errors } = notingProxy(client)
    await using proxy = await startProxy({
      ...options,
      healthPort: 0,
      healthAddress: '127.0.0.1',
      keepRulesOnStop: false,
    })
    const health = () => fetch(`http://127.0.0.1:${proxy.healthPort}/healthz`)
    await proxy.ready
    assert.equal((await health()).status, 200)
    assert.match(scripts[0] ?? '', /add element ip t service-ips \{ 10\.96\.0\.1 \. tcp \. 443 : /)

    const metadata = { namespace: 'default', name: 'web' }
    await client.create(Service, {
      metadata,
      spec: { clusterIP: '10.96.0.77', ports: [{ port: 80, targetPort: 8080 }] },
    })
    await until(() => scripts.at(-1)?.includes('10.96.0.77 . tcp . 80 : goto refuse') ?? false)
    const slice = await client.create(EndpointSlice, {
      metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true } }],
    })
    await until(() => scripts.at(-1)?.includes('dnat ip to 10.244.0.5:8080') ?? false)
    // A slice may be given to another service.
    await client.update(EndpointSlice, { ...slice, metadata: { ...slice.metadata, labels: {} } })
    await until(() => scripts.at(-1)?.includes('delete chain ip t service/default/web/tcp/80') ?? false)
    await client.delete(Service, metadata)
    await until(() => scripts.at(-1)?.includes('delete element ip t cluster-ips { 10.96.0.77 }') ?? false)
    await proxy.settled()
    await proxy[Symbol.asyncDispose]()
    assert.deepEqual(scripts.slice(-2), ['nft delete table ip t', 'nft delete table ip6 t'])
    await assert.rejects(health())
    assert.deepEqual(errors, [])
  })

  it('leaves rules alone while the server does not answer', async () => {
    const unreachable = async (): Promise<never> => {
      throw new Error('no server')
    }
    // biome-ignore lint/correctness/useYield: it never comes that far
    const unreachableWatch = async function* (): AsyncGenerator<never> {
      await unreachable()
    }
    const { options, scripts, errors } = notingProxy({
      watch: unreachableWatch,
      list: unreachable,
    } as unknown as Client)
    const proxy = await startProxy({ ...options, healthPort: 0, healthAddress: '127.0.0.1' })
    await until(() => errors.length > 0)
    assert.equal((await fetch(`http://127.0.0.1:${proxy.healthPort}/healthz`)).status, 503)
    const ready = assert.rejects(proxy.ready, /was stopped/)
    await assert.rejects(
      startProxy({ ...options, healthPort: proxy.healthPort ?? 0, healthAddress: '127.0.0.1' }),
      /EADDRINUSE/,
    )
    await proxy[Symbol.asyncDispose]()
    await ready
    assert.deepEqual(scripts, [])
  })
})

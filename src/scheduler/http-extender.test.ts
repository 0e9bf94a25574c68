import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { httpExtender } from './http-extender.js'
import type { Victims } from './preemption/victims.js'
import { clusterOf, nodeOf, podOf } from './test-cluster.js'

describe('httpExtender', () => {
  let server: Server
  let urlPrefix = ''
  const asked: { readonly path: string; readonly body: Record<string, unknown> }[] = []
  const answers: Record<string, unknown> = {}
  const { nodes } = clusterOf([nodeOf('a'), nodeOf('b'), nodeOf('c')])
  const pod = podOf('new')

  before(async () => {
    server = createServer(async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      const path = request.url ?? ''
      asked.push({ path, body: JSON.parse(text) })
      const answer = answers[path]
      response.statusCode = answer === undefined ? 404 : 200
      response.end(JSON.stringify(answer))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    urlPrefix = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`
  })
  after(() => server.close())

  it('has only the verbs that are configured', () => {
    using extender = httpExtender({ urlPrefix, filterVerb: 'f' })
    assert.deepEqual(
      [extender.filter !== undefined, extender.bind, extender.prioritize, extender.preempt],
      [true, undefined, undefined, undefined],
    )
  })

  it('sends whole nodes and keeps those that come back', async () => {
    using extender = httpExtender({ urlPrefix, filterVerb: 'whole' })
    answers['/v1/whole'] = {
      nodes: { items: [{ metadata: { name: 'b' } }] },
      failedNodes: { a: 'full' },
      failedAndUnresolvableNodes: { c: 'broken' },
    }
    const result = await extender.filter?.(pod, nodes)
    assert.deepEqual(
      result?.nodes.map(({ name }) => name),
      ['b'],
    )
    assert.deepEqual(Object.fromEntries(result?.rejections ?? []), {
      a: { reasons: ['full'] },
      c: { reasons: ['broken'], unresolvable: true },
    })
    const { body } = asked.at(-1) ?? assert.fail()
    assert.deepEqual(Object.keys(body), ['pod', 'nodes'])
    assert.equal((body['nodes'] as { items: unknown[] }).items.length, 3)
  })

  it('sends names to those that know the nodes', async () => {
    using extender = httpExtender({ urlPrefix, filterVerb: 'names', nodeCacheCapable: true })
    answers['/v1/names'] = { nodenames: ['a', 'c'] }
    const result = await extender.filter?.(pod, nodes)
    assert.deepEqual(
      result?.nodes.map(({ name }) => name),
      ['a', 'c'],
    )
    assert.deepEqual(asked.at(-1)?.body['nodenames'], ['a', 'b', 'c'])
  })

  it('weighs scores of one to ten', async () => {
    using extender = httpExtender({ urlPrefix, prioritizeVerb: 'p', weight: 3 })
    answers['/v1/p'] = [
      { host: 'a', score: 10 },
      { host: 'b', score: 1 },
    ]
    assert.deepEqual(
      [...((await extender.prioritize?.(pod, nodes)) ?? [])],
      [
        ['a', 300],
        ['b', 30],
      ],
    )
  })

  it('agrees with it on victims', async () => {
    using extender = httpExtender({ urlPrefix, preemptVerb: 'e', nodeCacheCapable: true })
    const victims = new Map<string, Victims>([['a', { pods: [podOf('x'), podOf('y')], violations: 1 }]])
    answers['/v1/e'] = { nodeNameToMetaVictims: { a: { pods: [{ uid: 'y' }], numPDBViolations: 0 } } }
    const agreed = await extender.preempt?.(pod, victims)
    assert.deepEqual(
      [...(agreed ?? [])].map(([node, { pods }]) => [node, pods.map(({ metadata }) => metadata.name)]),
      [['a', ['y']]],
    )
    assert.deepEqual(asked.at(-1)?.body['nodeNameToMetaVictims'], {
      a: { pods: [{ uid: 'x' }, { uid: 'y' }], numPDBViolations: 1 },
    })
    answers['/v1/e'] = { nodeNameToMetaVictims: { a: { pods: [{ uid: 'z' }] } } }
    await assert.rejects(async () => extender.preempt?.(pod, victims), /unknown pod z/)
  })

  it('binds, and says what went wrong', async () => {
    using extender = httpExtender({ urlPrefix, bindVerb: 'b' })
    answers['/v1/b'] = {}
    await extender.bind?.(pod, 'a')
    assert.deepEqual(asked.at(-1)?.body, { podName: 'new', podNamespace: 'default', podUID: 'new', node: 'a' })
    answers['/v1/b'] = { error: 'no' }
    await assert.rejects(async () => extender.bind?.(pod, 'a'), /^Error: no$/)
  })

  it('fails for other answers than 200', async () => {
    using extender = httpExtender({ urlPrefix, filterVerb: 'missing' })
    await assert.rejects(async () => extender.filter?.(pod, nodes), /failed \/v1\/missing with extender .*, code 404/)
  })

  it('concerns pods that use its resources', () => {
    using extender = httpExtender({ urlPrefix, managedResources: [{ name: 'a.b/gpu' }] })
    const using = (resources: object) => podOf('u', {}, { containers: [{ name: 'c', image: 'i', resources }] })
    assert.equal(extender.concerns(pod), false)
    assert.equal(extender.concerns(using({ limits: { 'a.b/gpu': '1' } })), true)
    assert.equal(extender.concerns(using({ requests: { cpu: '1' } })), false)
  })
})

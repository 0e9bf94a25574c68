import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.js'

test('what a pod can be resized to is a matter of its node', async () => {
  await using server = await TestServer.start()
  const write = async (method: string, path: string, body: object, media = 'json') => {
    const { status, json } = await server.http2({
      method,
      path,
      body,
      headers: { 'content-type': `application/${media}` },
    })
    return [status, status < 300 ? '' : json.message]
  }
  const node = (name: string, os: string, declaredFeatures: readonly string[]) =>
    write('POST', '/api/v1/nodes', {
      metadata: { name, labels: { 'kubernetes.io/os': os } },
      status: { allocatable: { cpu: '2', memory: '1Gi' }, declaredFeatures },
    })
  await node('plain', 'linux', [])
  await node('able', 'linux', ['GuaranteedQoSPodCPUResize'])
  await node('other', 'windows', ['GuaranteedQoSPodCPUResize'])
  const pods = '/api/v1/namespaces/default/pods'
  await write('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const forbidden = (name: string, why: string) => [403, `pods "${name}" is forbidden: ${why}`]
  const missing = 'pod update requires features GuaranteedQoSPodCPUResize which are not available on node "plain"'
  const same = { requests: { cpu: '1', memory: '100Mi' }, limits: { cpu: '1', memory: '100Mi' } }
  const burst = { requests: { cpu: '1', memory: '100Mi' } }
  for (const [name, nodeName, resources, cpu, memory, expected] of [
    ['unbound', '', burst, '9', '1Ti', [200, '']],
    ['a', 'plain', burst, '2', '1Gi', [200, '']],
    [
      'b',
      'plain',
      burst,
      '3',
      '2Gi',
      forbidden(
        'b',
        "Node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824",
      ),
    ],
    ['c', 'plain', same, '500m', '100Mi', forbidden('c', missing)],
    ['d', 'plain', same, '1', '50Mi', [200, '']],
    ['e', 'able', same, '500m', '100Mi', [200, '']],
    [
      'f',
      'other',
      burst,
      '500m',
      '100Mi',
      forbidden('f', 'pod resize is only supported on linux nodes, node "other" is "windows"'),
    ],
    ['g', 'gone', burst, '500m', '100Mi', forbidden('g', 'node "gone" not found')],
  ] as const) {
    const container = { name: 'c', image: 'i', resources }
    const spec = { automountServiceAccountToken: false, ...(nodeName ? { nodeName } : {}), containers: [container] }
    const created = await write('POST', pods, { metadata: { name }, spec })
    assert.deepEqual(created, [201, ''])
    const bounds = { cpu, memory }
    const wanted = { requests: bounds, ...('limits' in resources ? { limits: bounds } : {}) }
    const patch = { spec: { containers: [{ name: 'c', resources: wanted }] } }
    assert.deepEqual(
      await write('PATCH', `${pods}/${name}/resize`, patch, 'strategic-merge-patch+json'),
      expected,
      name,
    )
  }
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { otherToken, TestServer, until } from '../test-server.js'

const other = { authorization: `Bearer ${otherToken}` }
const path = '/api/v1/namespaces/default/configmaps'
const group = '/apis/flowcontrol.apiserver.k8s.io/v1'

/** A server with a seat or so for each level, on which the other user may do everything. */
async function start(): Promise<TestServer> {
  const server = await TestServer.start({ operation: { inFlight: { reads: 1, writes: 1 } } })
  const body = {
    metadata: { name: 'other' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', name: 'other' }],
  }
  await server.http2({ method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', body })
  return server
}

/** A write that goes on until its body is sent. */
function slowWrite(server: TestServer, name: string) {
  const body = JSON.stringify({ metadata: { name } })
  const stream = server.session.request({
    ':method': 'POST',
    ':path': path,
    ...other,
    'content-type': 'application/json',
    'content-length': String(body.length),
  })
  const status = new Promise<number>((resolve, reject) => {
    stream.once('response', headers => resolve(Number(headers[':status'])))
    stream.once('error', reject)
  })
  stream.resume()
  return { finish: () => stream.end(body), status }
}

async function level(server: TestServer, name: string): Promise<readonly string[]> {
  const { text } = await server.http2({ path: '/debug/api_priority_and_fairness/dump_priority_levels' })
  const row = text.split('\n').find(line => line.startsWith(`${name},`)) ?? ''
  return row.split(',').map(cell => cell.trim())
}

const waiting = 4
const executing = 5
const rejected = 7

describe('flow control, over the wire', () => {
  it('lets requests of a busy level wait, and others pass', async () => {
    await using server = await start()
    const slow = slowWrite(server, 'slow')
    await until(async () => (await level(server, 'global-default'))[executing] === '1', 'the slow write')
    const queued = server.http2({ path, headers: other })
    await until(async () => (await level(server, 'global-default'))[waiting] === '1', 'the queued list')
    const dump = await server.http2({ path: '/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1' })
    const rows = dump.text.split('\n').filter(line => line.startsWith('global-default'))
    assert.deepEqual(
      rows.map(row => row.split(',').map(cell => cell.trim())).map(cells => [cells[1], cells[4], cells[11]]),
      [
        ['global-default', 'other', 'create'],
        ['global-default', 'other', 'list'],
      ],
    )
    // Administrators and probes are exempt.
    assert.equal((await server.http2({ path })).status, 200)
    assert.equal((await server.http2({ path: '/readyz', headers: other })).status, 200)
    slow.finish()
    assert.equal(await slow.status, 201)
    assert.equal((await queued).status, 200)
    assert.deepEqual((await level(server, 'global-default')).slice(waiting, executing + 1), ['0', '0'])
  })

  it('sends requests away where they may not wait', async () => {
    await using server = await start()
    const limited = { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } }
    const levels = `${group}/prioritylevelconfigurations`
    const configured = await server.http2({
      method: 'POST',
      path: levels,
      body: { metadata: { name: 'strict' }, spec: { type: 'Limited', limited } },
    })
    assert.equal(configured.status, 201)
    const spec = {
      matchingPrecedence: 10,
      priorityLevelConfiguration: { name: 'strict' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'other' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
        },
      ],
    }
    const schema = await server.http2({
      method: 'POST',
      path: `${group}/flowschemas`,
      body: { metadata: { name: 'strict' }, spec },
    })
    assert.equal(schema.status, 201)
    await until(async () => {
      const { headers } = await server.http2({ path, headers: other })
      return headers['x-kubernetes-pf-flowschema-uid'] === schema.json.metadata.uid
    }, 'the new flow schema')
    const slow = slowWrite(server, 'slow')
    await until(async () => (await level(server, 'strict'))[executing] === '1', 'the slow write')
    const refused = await server.http2({ path, headers: other })
    assert.equal(refused.status, 429)
    assert.equal(refused.text, 'Too many requests, please try again later.\n')
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(refused.headers['x-kubernetes-pf-prioritylevel-uid'], configured.json.metadata.uid)
    assert.equal((await level(server, 'strict'))[rejected], '1')
    slow.finish()
    assert.equal(await slow.status, 201)
    assert.equal((await server.http2({ path, headers: other })).status, 200)
  })

  it('forgets who leaves while waiting', async () => {
    await using server = await start()
    const slow = slowWrite(server, 'slow')
    await until(async () => (await level(server, 'global-default'))[executing] === '1', 'the slow write')
    const leaving = server.stream({ path, headers: other })
    leaving.on('error', () => {})
    await until(async () => (await level(server, 'global-default'))[waiting] === '1', 'the queued list')
    leaving.close()
    await until(async () => (await level(server, 'global-default'))[waiting] === '0', 'its end')
    slow.finish()
    assert.equal(await slow.status, 201)
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ManualClock, systemClock } from '../machinery/clock.js'
import { setUpAudit } from './audit/index.js'
import { adminToken, otherToken, TestServer, until } from './test-server.js'

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
- level: Metadata
`

describe('an API server', () => {
  let folder: string
  let server: TestServer
  const log = () => join(folder, 'audit.log')
  const batching = { bufferSize: 1, maxBatchSize: 1, maxWaitMs: 0, oneAtATime: true }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'operation-'))
    const options = {
      path: log(),
      format: 'json',
      mode: 'blocking',
      maxAge: 0,
      maxBackups: 0,
      maxSize: 0,
      batching,
    } as const
    const audit = await setUpAudit({ policy, log: options }, systemClock, error => assert.fail(String(error)))
    server = await TestServer.start({ operation: { audit, inFlight: { reads: 4, writes: 2 } } })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const audited = async (id: unknown) =>
    (await readFile(log(), 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(({ auditID }) => auditID === id)

  it('names the flow of a request, and its audit id', async () => {
    const { headers } = await server.http2({ path: '/api/v1/namespaces/default', headers: { 'audit-id': 'mine' } })
    assert.equal(headers['audit-id'], 'mine')
    const { json } = await server.http2({ path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt' })
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], json.metadata.uid)
    const refused = await server.http1({ path: '/api/v1/pods', headers: { authorization: `Bearer ${otherToken}` } })
    assert.equal(refused.status, 403)
    assert.ok(refused.headers['x-kubernetes-pf-prioritylevel-uid'])
  })

  it('has the default flow objects, and puts right what is mandatory', async () => {
    const schemas = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'
    const { json } = await server.http2({ path: schemas })
    assert.equal(json.items.length, 11)
    for (const { status } of json.items) assert.equal(status.conditions[0].status, 'False')
    const spec = {
      matchingPrecedence: 50,
      priorityLevelConfiguration: { name: 'missing' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: '*' } }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    }
    const created = await server.http2({ method: 'POST', path: schemas, body: { metadata: { name: 'mine' }, spec } })
    assert.equal(created.status, 201)
    const dangling = async () => (await server.http2({ path: `${schemas}/mine` })).json.status?.conditions?.[0]
    await until(async () => (await dangling())?.status === 'True', 'the dangling condition')
    assert.equal((await dangling()).reason, 'NotFound')
    assert.equal((await server.http2({ method: 'DELETE', path: `${schemas}/mine` })).status, 200)
  })

  it('writes requests and answers to the audit log', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    const body = { metadata: { name: 'seen' }, data: { a: 'b' } }
    const { headers } = await server.http2({ method: 'POST', path, body })
    const [event, more] = await audited(headers['audit-id'])
    assert.equal(more, undefined)
    assert.equal(event.stage, 'ResponseComplete')
    assert.equal(event.user.username, 'admin')
    assert.deepEqual(event.objectRef, { resource: 'configmaps', namespace: 'default', name: 'seen', apiVersion: 'v1' })
    assert.deepEqual(event.requestObject, body)
    assert.deepEqual(event.responseObject.data, { a: 'b' })
    assert.equal(event.responseObject.metadata.managedFields, undefined)
    assert.equal(event.annotations['authorization.k8s.io/decision'], 'allow')
    await server.http2({ method: 'DELETE', path: `${path}/seen` })
  })

  it('tells the audit log what pods violate', async () => {
    const labels = { 'pod-security.kubernetes.io/audit': 'restricted' }
    const created = await server.http2({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: 'watched', labels } },
    })
    assert.equal(created.status, 201)
    await server.http2({
      method: 'POST',
      path: '/api/v1/namespaces/watched/serviceaccounts',
      body: { metadata: { name: 'default' } },
    })
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const pod = await server.http2({ method: 'POST', path: '/api/v1/namespaces/watched/pods', body })
    assert.equal(pod.status, 201, pod.text)
    const [event] = await audited(pod.headers['audit-id'])
    assert.equal(event.annotations['pod-security.kubernetes.io/enforce-policy'], 'privileged:latest')
    assert.match(
      event.annotations['pod-security.kubernetes.io/audit-violations'],
      /^would violate PodSecurity "restricted:latest": /,
    )
  })

  it('writes refusals to the audit log', async () => {
    const unknown = await server.http2({ path: '/api/v1/pods', headers: { authorization: 'Bearer nobody' } })
    assert.equal(unknown.status, 401)
    const [event] = await audited(unknown.headers['audit-id'])
    assert.deepEqual([event.stage, event.responseStatus.code, event.user], ['ResponseStarted', 401, {}])
    const forbidden = await server.http2({ path: '/api/v1/pods', headers: { authorization: `Bearer ${otherToken}` } })
    const [refused] = await audited(forbidden.headers['audit-id'])
    assert.deepEqual(
      [
        refused.responseStatus.code,
        refused.responseStatus.reason,
        refused.annotations['authorization.k8s.io/decision'],
      ],
      [403, 'Forbidden', 'forbid'],
    )
  })

  it('shows metrics and what flow control does', async () => {
    const { text, headers } = await server.http2({ path: '/metrics' })
    assert.match(String(headers['content-type']), /^text\/plain; version=0.0.4/)
    for (const name of [
      'apiserver_request_total',
      'apiserver_request_duration_seconds_bucket',
      'apiserver_flowcontrol_nominal_limit_seats',
      'apiserver_storage_objects',
      'apiserver_audit_event_total',
      'etcd_request_duration_seconds_count',
      'process_cpu_seconds_total',
      'authentication_attempts',
      'authorization_attempts_total',
    ])
      assert.match(text, new RegExp(`^${name}[ {]`, 'm'))
    assert.match(text, /^apiserver_request_total\{verb="POST",.*resource="configmaps".*code="201"} [1-9]/m)
    const dump = await server.http2({ path: '/debug/api_priority_and_fairness/dump_priority_levels' })
    assert.match(dump.text, /^workload-low, /m)
    await server.http2({ path: '/readyz' })
    assert.match(
      (await server.http2({ path: '/metrics/slis' })).text,
      /^kubernetes_healthcheck\{name="ping",type="readyz"} 1$/m,
    )
  })

  it('is healthy', async () => {
    const { text } = await server.http2({ path: '/readyz?verbose' })
    for (const name of [
      'ping',
      'etcd',
      'informer-sync',
      'poststarthook/priority-and-fairness-config-producer',
      'shutdown',
    ])
      assert.ok(text.includes(`[+]${name} ok\n`), text)
    assert.equal((await server.http2({ path: '/livez/shutdown' })).status, 404)
  })
})

describe('an API server that stops', () => {
  it('is not ready at first, then ends watches cleanly and sends requests away', async () => {
    const clock = new ManualClock(Date.now())
    await using server = await TestServer.start({ clock, operation: { shutdownDelayMs: 5000 } })
    const watch = server.stream({ path: '/api/v1/namespaces?watch=true&resourceVersion=0' })
    const ended = new Promise<number>(resolve => watch.once('close', () => resolve(watch.rstCode)))
    watch.resume()
    await new Promise(resolve => watch.once('response', resolve))
    const api = server.controlPlane.server
    const drained = api.drain()
    assert.equal((await server.http2({ path: '/readyz' })).status, 500)
    assert.equal((await server.http2({ path: '/livez' })).status, 200)
    clock.advance(5000)
    await drained
    assert.equal(await ended, 0)
    const refused = await server.http2({ path: '/api/v1/namespaces' })
    assert.deepEqual([refused.status, refused.text], [503, 'apiserver is shutting down\n'])
    await api.settled()
  })
})

describe('an API server that ends', () => {
  it('answers what is under way first', async () => {
    const server = await TestServer.start()
    const body = JSON.stringify({ metadata: { name: 'last' } })
    const { session } = server
    const write = session.request({
      ':method': 'POST',
      ':path': '/api/v1/namespaces/default/configmaps',
      authorization: `Bearer ${adminToken}`,
      'content-type': 'application/json',
      'content-length': String(body.length),
    })
    const status = new Promise(resolve => write.once('response', headers => resolve(headers[':status'])))
    write.resume()
    const { metrics } = server.controlPlane.server
    await until(() => /request_kind="mutating"} 1$/m.test(metrics.text()), 'the write')
    const ended = server.controlPlane[Symbol.asyncDispose]()
    await until(() => session.closed, 'the end of the session')
    write.end(body)
    assert.equal(await status, 201)
    await ended
  })
})

describe('an API server without priority and fairness', () => {
  it('names no flows', async () => {
    await using server = await TestServer.start({ operation: { priorityAndFairness: false } })
    const { status, headers } = await server.http2({ path: '/api/v1/namespaces' })
    assert.equal(status, 200)
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], undefined)
  })

  it('may ask HTTP/2 clients to connect anew', async () => {
    await using server = await TestServer.start({ operation: { goawayChance: 1 } })
    const { session } = server
    const away = new Promise(resolve => session.once('goaway', resolve))
    assert.equal((await server.http2({ path: '/version' })).status, 200)
    await away
    assert.equal((await server.http2({ path: '/version' })).status, 200)
  })

  it('takes as many requests at a time on an HTTP/2 connection as it was told to', async () => {
    await using server = await TestServer.start({ operation: { http2Streams: 7 } })
    const settings = new Promise(resolve => server.session.once('remoteSettings', resolve))
    assert.equal(((await settings) as { readonly maxConcurrentStreams: number }).maxConcurrentStreams, 7)
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.http2({ path: '/version' })))
    assert.ok(answers.every(({ status }) => status === 200))
  })
})

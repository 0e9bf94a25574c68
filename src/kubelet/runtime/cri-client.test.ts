import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ServerUnaryCall, type sendUnaryData, status, type UntypedHandleCall } from '@grpc/grpc-js'
import { decodeProtobuf, encodeProtobuf } from '../../schema/index.js'
import { connectCri } from './cri-client.js'
import * as cri from './cri-messages.js'
import { isNotFound, isUnavailable, RuntimeError } from './runtime-error.js'
import { fakeServer } from './test-grpc-server.js'

const unary = (handle: (request: never, answer: sendUnaryData<unknown>) => void): UntypedHandleCall =>
  ((call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
    handle(call.request as never, answer)
  }) as UntypedHandleCall

const versionMethod = {
  method: { path: '/runtime.v1.RuntimeService/Version', request: cri.VersionRequest, response: cri.VersionResponse },
  handle: unary(({ version }: { version: string }, answer) =>
    answer(null, { version, runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' }),
  ),
}
const statusMethod = (handle: (id: string, answer: sendUnaryData<unknown>) => void) => ({
  method: {
    path: '/runtime.v1.RuntimeService/ContainerStatus',
    request: cri.ContainerStatusRequest,
    response: cri.ContainerStatusResponse,
  },
  handle: unary(({ containerId }: { containerId: string }, answer) => handle(containerId, answer)),
})

test('calls, and turns failures into RuntimeError', async () => {
  const hanging: (() => void)[] = []
  await using server = await fakeServer([
    versionMethod,
    statusMethod((id, answer) => {
      if (id === 'missing') answer({ code: status.NOT_FOUND, details: 'container "missing": not found' })
      else if (id === 'slow') hanging.push(() => answer(null, {}))
      else answer(null, { status: { id, state: 1, createdAt: 1.5e18, exitCode: -1, labels: { a: 'b' } } })
    }),
  ])
  await server.start()
  using client = connectCri(server.socket)
  assert.deepEqual(await client.version({ version: 'v1' }), {
    version: 'v1',
    runtimeName: 'fake',
    runtimeVersion: '1',
    runtimeApiVersion: 'v1',
  })
  const found = await client.containerStatus({ containerId: 'x' })
  assert.equal(found.status?.state, cri.ContainerState.running)
  assert.equal(found.status?.exitCode, -1)
  assert.equal(found.status?.createdAt, 1.5e18)
  assert.equal(found.status?.startedAt, 0)
  assert.deepEqual(found.status?.labels, { a: 'b' })
  assert.deepEqual(found.status?.mounts, [])

  await assert.rejects(client.containerStatus({ containerId: 'missing' }), (error: unknown) => {
    assert.ok(error instanceof RuntimeError)
    assert.ok(isNotFound(error))
    assert.equal(error.description, 'rpc error: code = NotFound desc = container "missing": not found')
    return true
  })
  await assert.rejects(client.containerStatus({ containerId: 'slow' }, { timeout: 1 }), { code: 'DeadlineExceeded' })
  await assert.rejects(client.podSandboxStatus({ podSandboxId: 'x' }), { code: 'Unimplemented' })

  const controller = new AbortController()
  const reason = new Error('enough')
  const call = client.containerStatus({ containerId: 'slow' }, { signal: controller.signal })
  controller.abort(reason)
  await assert.rejects(call, reason)
  await assert.rejects(client.version({}, { signal: controller.signal }), reason)
  for (const answer of hanging) answer()
})

test('connects again after the runtime restarted', async () => {
  await using server = await fakeServer([versionMethod])
  using client = connectCri(server.socket)
  await assert.rejects(client.version({}), isUnavailable)
  await server.start()
  const answered = async () => {
    for (;;) {
      try {
        return await client.version({})
      } catch (error) {
        assert.ok(isUnavailable(error), String(error))
      }
    }
  }
  assert.equal((await answered()).runtimeName, 'fake')
  server.stop()
  await assert.rejects(client.version({}), isUnavailable)
  await server.start()
  assert.equal((await answered()).runtimeName, 'fake')
})

test('messages keep the numbers of the published interface', () => {
  // Bytes made by hand from the published field numbers.
  const request = { config: { metadata: { name: 'p', uid: 'u', namespace: 'n', attempt: 1 }, hostname: 'h' } }
  assert.equal(
    Buffer.from(encodeProtobuf(cri.RunPodSandboxRequest, request)).toString('hex'),
    '0a10' + '0a0b' + '0a0170' + '120175' + '1a016e' + '2001' + '120168',
  )
  const { status: decoded } = decodeProtobuf(
    cri.ContainerStatusResponse,
    Buffer.from('0a0b' + '0a0163' + '1802' + '3889ffffff' + '0f', 'hex'),
  )
  assert.equal(decoded?.id, 'c')
  assert.equal(decoded?.state, cri.ContainerState.exited)
  const linux = { supplementalGroups: [1, 300], runAsUser: { value: 0 } }
  assert.equal(
    Buffer.from(encodeProtobuf(cri.LinuxContainerSecurityContext, linux)).toString('hex'),
    '2a00' + '4203' + '01ac02',
  )
  assert.equal(cri.Signal['SIGTERM'], 23)
  assert.equal(cri.Signal['SIGRTMIN'], 35)
  assert.equal(cri.Signal['SIGRTMAX'], 65)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js'
import type { Clock } from '../../machinery/clock.js'
import { encodeProtobuf, type MessageSchema } from '../../schema/index.js'
import { type ContainerEvent, containerEvent, containerEvents, statusAfterExit } from './container-events.js'
import * as messages from './containerd-events-messages.js'
import { RuntimeError } from './runtime-error.js'
import { fakeServer } from './test-grpc-server.js'

const envelope = <T>(topic: string, schema: MessageSchema<T>, value: T) => ({
  namespace: 'k8s.io',
  topic,
  timestamp: { seconds: 7, nanos: 0 },
  event: { typeUrl: schema.name, value: encodeProtobuf(schema, value) },
})
const exit = (id: string) =>
  envelope('/tasks/exit', messages.TaskExit, {
    containerId: 'c',
    id,
    pid: 4,
    exitStatus: 137,
    exitedAt: { seconds: 100, nanos: 500_000_000 },
  })

test('translates events', () => {
  const cases: readonly (readonly [ReturnType<typeof envelope>, ContainerEvent | undefined])[] = [
    [envelope('/tasks/start', messages.TaskStart, { containerId: 'c', pid: 4 }), { type: 'started', id: 'c', pid: 4 }],
    [exit('c'), { type: 'exited', id: 'c', pid: 4, exitCode: 137, exitedAt: 100_500 }],
    [exit(''), { type: 'exited', id: 'c', pid: 4, exitCode: 137, exitedAt: 100_500 }],
    [exit('probe-1'), undefined],
    [envelope('/tasks/oom', messages.TaskOOM, { containerId: 'c' }), { type: 'oom', id: 'c' }],
    [envelope('/containers/create', messages.ContainerCreate, { id: 'c' }), { type: 'created', id: 'c' }],
    [envelope('/containers/delete', messages.ContainerDelete, { id: 'c' }), { type: 'deleted', id: 'c' }],
    [envelope('/containers/update', messages.ContainerCreate, { id: 'c' }), undefined],
  ]
  for (const [given, expected] of cases) assert.deepEqual(containerEvent(given), expected)
})

test('says resync once a subscription has begun, and again after it was lost', async () => {
  type Subscriber = ServerWritableStream<unknown, unknown>
  const subscribers = new Set<Subscriber>()
  let forgotten = 2
  await using server = await fakeServer([
    {
      method: {
        path: '/containerd.services.events.v1.Events/Subscribe',
        request: messages.SubscribeRequest,
        response: messages.EventEnvelope,
      },
      streams: true,
      handle: ((call: Subscriber) => {
        subscribers.add(call)
        call.on('cancelled', () => subscribers.delete(call))
      }) as UntypedHandleCall,
    },
    {
      method: {
        path: '/containerd.services.events.v1.Events/Publish',
        request: messages.PublishRequest,
        response: messages.Empty,
      },
      handle: ((call: ServerUnaryCall<{ topic: string; event: unknown }, unknown>, answer: sendUnaryData<unknown>) => {
        // As if the subscription were not there yet.
        if (forgotten-- <= 0) {
          for (const subscriber of subscribers) subscriber.write({ ...call.request, namespace: 'k8s.io' })
        }
        answer(null, {})
      }) as UntypedHandleCall,
    },
  ])
  await server.start()
  const controller = new AbortController()
  const events = containerEvents(server.socket, controller.signal)
  assert.deepEqual((await events.next()).value, { type: 'resync' })
  for (const subscriber of subscribers) subscriber.write(exit('c'))
  assert.equal((await events.next()).value?.type, 'exited')
  const next = events.next()
  server.stop()
  subscribers.clear()
  await server.start()
  assert.deepEqual((await next).value, { type: 'resync' })
  const last = events.next()
  controller.abort()
  assert.equal((await last).done, true)
})

test('throws if the runtime has no such service', async () => {
  await using server = await fakeServer([])
  await server.start()
  const events = containerEvents(server.socket, new AbortController().signal)
  await assert.rejects(events.next(), { code: 'Unimplemented' })
})

test('waits until CRI has learned of an exit', async () => {
  const states = [1, 1, 2]
  const clock: Clock = {
    now: () => 0,
    after(_, action) {
      queueMicrotask(action)
      return { [Symbol.dispose]: () => {} }
    },
  }
  const status = await statusAfterExit(
    {
      containerStatus: async () => ({
        status: { id: 'c', state: states.shift() ?? 2, exitCode: 3 } as never,
        info: {},
      }),
    },
    'c',
    { clock },
  )
  assert.equal(status?.state, 2)
  const gone = async () => {
    throw new RuntimeError('NotFound', 'no such container')
  }
  assert.equal(await statusAfterExit({ containerStatus: gone }, 'c', { clock }), undefined)
})

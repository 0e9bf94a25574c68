import type { Handler } from '../machinery/http.js'
import { exponentialBounds, type MetricsRegistry } from '../machinery/metrics/index.js'
import type { WorkQueueMetrics } from './work-queue.js'

const requestBounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const queueBounds = exponentialBounds(1e-8, 10, 12)

/** The metrics `workqueue_*` of work queues by name. */
export function workQueueMetrics(registry: MetricsRegistry): (name: string) => WorkQueueMetrics {
  const labels = ['name'] as const
  const depth = registry.gauge({ name: 'workqueue_depth', help: 'Keys that wait in the queue.', labels })
  const adds = registry.counter({
    name: 'workqueue_adds_total',
    help: 'Keys that have been put into the queue.',
    labels,
  })
  const retries = registry.counter({
    name: 'workqueue_retries_total',
    help: 'Keys that came into the queue once more because they had failed.',
    labels,
  })
  const waited = registry.histogram(
    {
      name: 'workqueue_queue_duration_seconds',
      help: 'Seconds that keys wait in the queue until somebody works on them.',
      labels,
    },
    queueBounds,
  )
  const worked = registry.histogram(
    {
      name: 'workqueue_work_duration_seconds',
      help: 'Seconds that the work on a key takes.',
      labels,
    },
    queueBounds,
  )
  return name => {
    const [depthOf, addsOf, retriesOf] = [depth.with(name), adds.with(name), retries.with(name)]
    const [waitedOf, workedOf] = [waited.with(name), worked.with(name)]
    return {
      depth(keys) {
        if (keys > depthOf.value) addsOf.add(keys - depthOf.value)
        depthOf.set(keys)
      },
      waited: ms => waitedOf.observe(ms / 1000),
      worked: ms => workedOf.observe(ms / 1000),
      retried: () => retriesOf.add(),
    }
  }
}

/** A transport whose requests to `host` are counted as `rest_client_*`. */
export function measuredTransport(registry: MetricsRegistry): (transport: Handler, host: string) => Handler {
  const total = registry.counter({
    name: 'rest_client_requests_total',
    help: 'Requests that this client has sent, by the status of the answer, method and server.',
    labels: ['code', 'method', 'host'],
  })
  const duration = registry.histogram(
    {
      name: 'rest_client_request_duration_seconds',
      help: 'Seconds from a request to its answer, by verb and server.',
      labels: ['verb', 'host'],
    },
    requestBounds,
  )
  return (transport, host) => request => {
    const begun = performance.now()
    const note = (code: string) => {
      total.with(code, request.method, host).add()
      duration.with(request.method, host).observe((performance.now() - begun) / 1000)
    }
    const answer = transport(request)
    answer.then(
      ({ status }) => note(String(status)),
      () => note('<error>'),
    )
    return answer
  }
}

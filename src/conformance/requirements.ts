import { after, before, describe, it } from 'node:test'
import { Namespace, ServiceAccount } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { answerOf } from '../client/discovery.js'
import { httpsTransport } from '../client/https-transport.js'
import { ControlPlane, type ControlPlaneOptions } from '../cluster/control-plane.js'
import { eventually } from '../controllers/eventually.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'

/** What a requirement is tried with. */
export interface Trial {
  /** An administrator's, over the wire. */
  readonly client: Client
  /** Empty, with its service account, and for this requirement alone. */
  readonly namespace: string
  readonly plane: ControlPlane
}

/** What the server answers at a path. */
export const read = async (client: Client, path: string): Promise<unknown> =>
  answerOf(await client.request({ method: 'GET', path }))

/** What a controller tells when it may not do what it is asked for, as with a quota: a fault of whoever asks. */
const isRefusal = (error: unknown): boolean =>
  error instanceof StatusError
    ? error.code < 500
    : error instanceof Error && error.cause !== undefined && isRefusal(error.cause)

/**
 * Requirements of Kubernetes' conformance suite under their names there, each tried as a client would, against one
 * control plane whose nodes are simulated. https://github.com/cncf/k8s-conformance
 */
export function requirements(
  area: string,
  options: ControlPlaneOptions,
  define: (requirement: (name: string, trial: (trial: Trial) => Promise<void>) => void) => void,
): void {
  describe(area, { timeout: 300_000 }, () => {
    let plane: ControlPlane
    let transport: ReturnType<typeof httpsTransport>
    let client: Client
    const faults: unknown[] = []
    before(async () => {
      plane = await ControlPlane.start({
        simulatedNodes: 3,
        onError: error => isRefusal(error) || faults.push(error),
        ...options,
      })
      if (!plane.endpoint) throw new Error('the control plane does not listen')
      transport = httpsTransport(plane.endpoint)
      client = apiClient(transport.handle)
    })
    after(async () => {
      await transport[Symbol.asyncDispose]()
      await plane[Symbol.asyncDispose]()
      if (faults.length > 0) throw new AggregateError(faults, 'the control plane met faults')
    })
    let count = 0
    define((name, trial) =>
      it(name, async () => {
        const namespace = `trial-${++count}`
        await client.create(Namespace, { metadata: { name: namespace } })
        await eventually(() => client.get(ServiceAccount, { namespace, name: 'default' }))
        await trial({ client, namespace, plane })
        await client.delete(Namespace, { name: namespace }).catch(error => {
          if (!isNotFound(error)) throw error
        })
      }))
  })
}

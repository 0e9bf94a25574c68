import { Node } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { isAlreadyExists } from '../../machinery/status-error.js'
import type { MachineFacts } from './machine-facts.js'

export interface Registration {
  readonly name: string
  readonly facts: MachineFacts
  readonly labels?: { readonly [key: string]: string }
  readonly taints?: NonNullable<Node['spec']['taints']>
}

/** Makes sure that the node has an object, with the labels it should have. Throws `StatusError`. */
export async function registerNode(client: Client, registration: Registration): Promise<Node> {
  const { name, facts, taints = [] } = registration
  const labels = {
    'beta.kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    ...registration.labels,
  }
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  try {
    return await client.create(Node, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels, annotations },
      ...(taints.length ? { spec: { taints } } : {}),
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const body = { metadata: { labels, annotations } }
    return client.patch(Node, { name }, { type: 'merge', body })
  }
}

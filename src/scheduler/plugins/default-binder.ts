import { Pod } from '../../api/core/v1/index.js'
import type { PluginFactory } from '../framework.js'

/** Binds a pod to its node through the API server. */
export const defaultBinder: PluginFactory = ({ client }) => ({
  name: 'DefaultBinder',
  async bind({ pod }, node) {
    const { name = '', namespace = '', uid = '' } = pod.metadata
    await client.post(Pod, pod.metadata, 'binding', {
      kind: 'Binding',
      apiVersion: 'v1',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: node },
    })
    return true
  },
})

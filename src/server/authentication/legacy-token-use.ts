import { Secret } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import type { Change } from '../registry/registry.js'

const lastUsed = 'kubernetes.io/legacy-token-last-used'
const mostNoted = 10_000
const server = { name: 'system:apiserver', groups: ['system:masters'] }

/**
 * Notes on a secret the day on which its token was last used, so that those nobody uses can be found:
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#legacy-serviceaccount-token-tracking
 */
export function noteTokenUse(
  registries: Registries,
  onError: (error: unknown) => void,
): (namespace: string, name: string) => void {
  const noted = new Map<string, string>()
  return (namespace, name) => {
    const registry = registries.of(Secret)
    const day = rfc3339(registry.host.clock.now()).slice(0, 'YYYY-MM-DD'.length)
    const key = `${namespace}/${name}`
    if (noted.get(key) === day) return
    // What is forgotten is looked up once more.
    if (noted.size >= mostNoted) noted.clear()
    noted.set(key, day)
    if (registry.cache.get(key)?.object.metadata.labels?.[lastUsed] === day) return
    const change: Change<Secret> = {
      apply(current) {
        const draft = structuredClone(current) as Draft<Secret>
        draft.metadata.labels = { ...draft.metadata.labels, [lastUsed]: day }
        return draft
      },
      retry: true,
      direct: true,
    }
    const write = { user: server, fieldManager: 'kube-apiserver', dryRun: false, warn: () => {} }
    registry.update(namespace, name, change, write).catch(error => {
      noted.delete(key)
      if (!isNotFound(error)) onError(error)
    })
  }
}

import type { PolicyRule } from '../../../api/rbac/v1/index.js'

const words = (text: string): string[] => text.split(' ').map(word => (word === 'core' ? '' : word))

/** A rule about resources; each part is a list of words, `core` is the group without a name. */
export const allow = (verbs: string, apiGroups: string, resources: string, resourceNames?: string): PolicyRule => ({
  verbs: words(verbs),
  apiGroups: words(apiGroups),
  resources: words(resources),
  ...(resourceNames ? { resourceNames: words(resourceNames) } : {}),
})

/** A rule about paths that are no resources. */
export const urls = (verbs: string, nonResourceURLs: string): PolicyRule => ({
  verbs: words(verbs),
  nonResourceURLs: words(nonResourceURLs),
})

/** Everything. */
export const fullAuthority: readonly PolicyRule[] = [allow('*', '*', '*'), urls('*', '*')]

/** What everybody needs who reports events. */
export const events: PolicyRule = allow('create patch update', 'core events.k8s.io', 'events')

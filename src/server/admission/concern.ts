import { nameMatcher, resourceMatcher } from '../request-match.js'
import type { AdmissionMatch, AdmissionRequest } from './admission.js'

/** Which writes a plugin is asked about. */
export interface Concern {
  /** By what is done to which resource: the same for all requests that have these in common. */
  readonly isAbout: (request: Pick<AdmissionRequest, 'operation' | 'resource' | 'subresource'>) => boolean
  /** Those of every namespace if undefined. */
  readonly inNamespace: ((namespace: string) => boolean) | undefined
}

/** What a plugin says it looks at; everything if it says nothing. */
export function concernOf(match: AdmissionMatch | undefined): Concern {
  if (!match) return { isAbout: () => true, inNamespace: undefined }
  const { operations = ['CREATE', 'UPDATE'], resources, namespaces } = match
  const isResource = resourceMatcher(resources)
  return {
    isAbout({ operation, resource: { kind }, subresource }) {
      return operations.includes(operation) && isResource({ group: kind.gvk.group, plural: kind.plural, subresource })
    },
    inNamespace: namespaces && nameMatcher(namespaces),
  }
}

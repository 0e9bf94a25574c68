import type { Resource } from '../../machinery/resource.js'
import { nameMatcher, resourceMatcher } from '../request-match.js'
import type { AdmissionMatch, AdmissionPlugin, AdmissionRequest } from './admission.js'

/** The same plugins; those that say what they look at are not asked about anything else. */
export const matchedAdmission = (plugins: readonly AdmissionPlugin[]): AdmissionPlugin[] =>
  plugins.map(plugin => {
    const { match, mutate, validate } = plugin
    if (!match) return plugin
    const wants = admissionMatcher(match)
    return {
      ...plugin,
      ...(mutate ? { mutate: request => (wants(request) ? mutate.call(plugin, request) : undefined) } : {}),
      ...(validate ? { validate: request => (wants(request) ? validate.call(plugin, request) : undefined) } : {}),
    }
  })

function admissionMatcher(match: AdmissionMatch): (request: AdmissionRequest) => boolean {
  const { operations = ['CREATE', 'UPDATE'], resources, namespaces } = match
  const isResource = resourceMatcher(resources)
  const isNamespace = nameMatcher(namespaces)
  // Asked for every write, of the same resources again and again.
  const known = new WeakMap<Resource, boolean>()
  const isMatched = (resource: Resource, subresource: string): boolean => {
    const matched = subresource ? undefined : known.get(resource)
    if (matched !== undefined) return matched
    const { gvk, plural } = resource.kind
    const found = isResource({ group: gvk.group, plural, subresource })
    if (!subresource) known.set(resource, found)
    return found
  }
  return ({ operation, resource, subresource, namespace }) =>
    operations.includes(operation) &&
    isMatched(resource, subresource) &&
    (namespaces === undefined || isNamespace(namespace))
}

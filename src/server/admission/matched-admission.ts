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
  const { operations = ['CREATE', 'UPDATE'] } = match
  const isResource = resourceMatcher(match.resources)
  const isNamespace = nameMatcher(match.namespaces)
  return ({ operation, resource: { kind }, subresource, namespace }) =>
    operations.includes(operation) &&
    isResource({ group: kind.gvk.group, plural: kind.plural, subresource }) &&
    isNamespace(namespace)
}

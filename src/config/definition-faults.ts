import { CustomResourceDefinition, type CustomResourceDefinitionInit } from '../api/apiextensions/v1/index.js'
import { DecodeError, type Draft, decodeJson } from '../schema/index.js'

const writer = { user: { name: '', uid: '', groups: [], extra: {} }, now: 0 }

/** Why no API server would take the definition of a custom resource, by the server's own rules; empty if it would. */
export async function definitionFaults(definition: CustomResourceDefinitionInit): Promise<readonly string[]> {
  // The rules bring the expression language along, which most configurations have no use for.
  const { customResourceDefinitions } = await import('../api/apiextensions/v1/custom-resource-definitions.js')
  const { defaults, strategy } = customResourceDefinitions
  let draft: CustomResourceDefinition
  try {
    draft = decodeJson(CustomResourceDefinition, definition)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return [error.message]
  }
  defaults?.(draft as Draft<CustomResourceDefinition>)
  strategy.prepareForCreate?.(draft as Draft<CustomResourceDefinition>, writer)
  return (strategy.validate?.(draft) ?? []).map(({ field, message }) => `${field}: ${message}`)
}

import type { HasShape } from '../../api/apiextensions/schema/shape.js'
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Draft, Kind } from '../../schema/index.js'
import { applyStaticDefaults, decodeJson } from '../../schema/index.js'
import { apiVersionOf } from '../registry/read-body.js'
import type { CustomForm } from './custom-cache.js'

/** Asks the conversion webhook of a definition; answers as many objects as it is given, in their order. */
export type AskWebhook = (
  definition: CustomResourceDefinition,
  objects: readonly ApiObject[],
  apiVersion: string,
) => Promise<readonly ApiObject[]>

/** An object with the fields and defaults of a kind's schema. */
function shaped(object: ApiObject, kind: Kind<ApiObject>): ApiObject {
  const draft = decodeJson(kind, object) as Draft<ApiObject>
  applyStaticDefaults(kind, draft)
  const { resourceVersion } = object.metadata
  if (resourceVersion !== undefined) (draft.metadata as { resourceVersion?: string }).resourceVersion = resourceVersion
  return { ...draft, kind: kind.gvk.kind, apiVersion: apiVersionOf(kind.gvk) } as ApiObject
}

const viaWebhook = ({ spec }: CustomResourceDefinition): boolean => spec.conversion?.strategy === 'Webhook'

/** How stored objects are read as one version, and how that version's objects are stored. */
export interface VersionForm extends CustomForm {
  readonly write: (object: ApiObject) => ApiObject
  readonly askToWrite?: (object: ApiObject) => Promise<ApiObject>
}

export function formOf(
  definition: CustomResourceDefinition,
  served: Kind<ApiObject>,
  stored: Kind<ApiObject>,
  hasShape: HasShape,
  ask: AskWebhook,
): VersionForm {
  const own = apiVersionOf(served.gvk)
  const kept = apiVersionOf(stored.gvk)
  const webhook = viaWebhook(definition)
  return {
    usesWebhook: webhook,
    needsWebhook: ({ apiVersion }) => webhook && apiVersion !== own,
    convert: object => (object.apiVersion === own && hasShape(object) ? object : shaped(object, served)),
    async ask(objects) {
      // What the webhook sees is of its version's schema, as is what it answers.
      const converted = await ask(definition, objects, own)
      return converted.map(object => shaped(object, served))
    },
    write: object => (object.apiVersion === kept ? object : shaped(object, stored)),
    ...(webhook && own !== kept
      ? {
          async askToWrite(object) {
            const [converted] = await ask(definition, [object], kept)
            return shaped(converted ?? object, stored)
          },
        }
      : {}),
  }
}

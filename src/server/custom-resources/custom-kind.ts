import { compileDefaults } from '../../api/apiextensions/schema/defaults.js'
import { compilePrune } from '../../api/apiextensions/schema/prune.js'
import { keepsUnknown } from '../../api/apiextensions/schema/structure.js'
import type { JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import { ObjectMeta } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { DecodeError, decodeJson, type GroupVersionKind, type Kind, type MessageSchema } from '../../schema/index.js'
import { fieldsOf, identityFields } from './schema-of.js'

export interface KindOptions {
  readonly gvk: GroupVersionKind
  readonly plural: string
  readonly namespaced: boolean
  readonly schema: JSONSchemaProps
}

/** The kind of a custom resource in one version: the same declaration as a built-in's, made of its schema. */
export function customKind({ gvk, plural, namespaced, schema }: KindOptions): Kind<ApiObject> {
  const open = keepsUnknown(schema)
  return {
    kind: 'message',
    name: `${gvk.group.split('.').reverse().join('.')}.${gvk.version}.${gvk.kind}`,
    fields: { ...fieldsOf(schema), ...identityFields },
    atomic: false,
    ...(open ? { open } : {}),
    gvk,
    plural,
    namespaced,
    decoder: decoderOf(schema),
  }
}

const ignored = (): void => {}

function decoderOf(schema: JSONSchemaProps): NonNullable<MessageSchema['decoder']> {
  const prune = compilePrune(schema, true)
  const applyDefaults = compileDefaults(schema)
  return {
    decode(value, onUnknownField = ignored) {
      const { apiVersion, kind, metadata, ...rest } = value as { [name: string]: unknown }
      const known = prune(rest, '', onUnknownField) as object
      return { kind, apiVersion, metadata: metadataOf(metadata, onUnknownField), ...known }
    },
    applyDefaults: draft => void applyDefaults?.(draft),
  }
}

/** The metadata of every object is of the same type, whatever its schema says. */
function metadataOf(metadata: unknown, onUnknownField: (path: string) => void): object {
  if (metadata === undefined || metadata === null) return {}
  try {
    return decodeJson(ObjectMeta, metadata, { onUnknownField: path => onUnknownField(`metadata.${path}`) })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(error.message, error.path ? `metadata.${error.path}` : 'metadata')
  }
}

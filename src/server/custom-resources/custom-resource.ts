import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  JSONSchemaProps,
} from '../../api/apiextensions/v1/index.js'
import { parseJsonPath } from '../../machinery/json-path.js'
import type { ApiObject } from '../../machinery/object.js'
import {
  copyField,
  type Resource,
  resource,
  type Strategy,
  type Subresource,
  statusView,
} from '../../machinery/resource.js'
import { StatusError } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import { compareVersions } from '../discovery/groups.js'
import { customColumns } from './custom-columns.js'
import { customKind } from './custom-kind.js'
import { publishedSchemas } from './custom-openapi.js'
import { customScale } from './custom-scale.js'
import { customValidation } from './custom-validation.js'

/** The schema of a version; a definition without one keeps everything. */
export const schemaOfVersion = ({ schema }: CustomResourceDefinitionVersion): JSONSchemaProps =>
  schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** The kind of one version of a definition. */
export function kindOfVersion(
  { spec }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): Kind<ApiObject> {
  return customKind({
    gvk: { group: spec.group, version: version.name, kind: spec.names.kind },
    plural: spec.names.plural,
    namespaced: spec.scope === 'Namespaced',
    schema: schemaOfVersion(version),
  })
}

/** The folder of a definition's objects. */
export const folderOf = ({ spec }: CustomResourceDefinition): string => `${spec.group}/${spec.names.plural}`

/** One version of a custom resource, declared as built-in ones are. */
export function customResource(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  kind: Kind<ApiObject>,
  isTerminating: () => boolean,
): Resource {
  const { names } = definition.spec
  const { subresources, selectableFields = [] } = version
  const schema = schemaOfVersion(version)
  const validate = customValidation(version, schema)
  const validateUpdate = (object: ApiObject, old: ApiObject) => validate(object, old)
  const views: Subresource[] = []
  if (subresources?.status)
    views.push(statusView({ validateUpdate, keepsMetadata: everyMetadataBut, resetFields: ['spec'] }))
  if (subresources?.scale) views.push(customScale(subresources.scale))
  return resource(kind, {
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    storagePrefix: folderOf(definition),
    subresources: views,
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: Object.fromEntries(selectableFields.map(({ jsonPath }) => selectable(jsonPath))),
    ...(version.deprecated ? { deprecated: deprecation(definition, version) } : {}),
    openApi: publishedSchemas(kind, schema),
    strategy: {
      bareFinalizers: true,
      ...strategyOf(subresources?.status !== undefined, isTerminating),
      validate: object => validate(object),
      validateUpdate,
    },
  })
}

/** A status is written with nothing of the metadata but who manages what. */
const everyMetadataBut = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'generateName']

function selectable(jsonPath: string): readonly [string, (object: ApiObject) => string] {
  const path = parseJsonPath(jsonPath)
  return [
    jsonPath.replace(/^\./, ''),
    object => {
      const [value] = path.find(object)
      return value === undefined || value === null ? '' : String(value)
    },
  ]
}

function deprecation({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const { group, names, versions } = spec
  const [best] = versions
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version.name) > 0)
    .sort((a, b) => compareVersions(b.name, a.name))
  const instead = best ? `; use ${group}/${best.name} ${names.kind}` : ''
  return `${group}/${version.name} ${names.kind} is deprecated${instead}`
}

type Fields = { [name: string]: unknown }

function strategyOf(hasStatus: boolean, isTerminating: () => boolean): Strategy<ApiObject> {
  const refuseEnd = (): void => {
    if (isTerminating())
      throw new StatusError(
        405,
        'MethodNotAllowed',
        'create not allowed while custom resource definition is terminating',
        {},
      )
  }
  const common: Strategy<ApiObject> = {
    generation: true,
    unconditionalUpdate: false,
    generationCountsStatus: !hasStatus,
    prepareForCreate: refuseEnd,
  }
  if (!hasStatus) return common
  return {
    ...common,
    resetFields: ['status'],
    prepareForCreate(draft) {
      refuseEnd()
      delete (draft as unknown as Fields)['status']
    },
    prepareForUpdate(draft, old) {
      copyField(draft as unknown as Fields, old, 'status')
    },
  }
}

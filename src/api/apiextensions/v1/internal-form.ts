import { Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from './custom-resource-definition.js'
import type {
  JSONSchemaProps,
  JSONSchemaPropsOrArray,
  JSONSchemaPropsOrBool,
  ValidationRule,
} from './json-schema-props.js'

/** What all versions have in common, which upstream's internal form keeps above them. */
export type Hoisted = Pick<
  CustomResourceDefinitionVersion,
  'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'
>

/** The parts that are the same in every version; messages name them as fields of the spec. */
export function hoistedOf({ versions }: CustomResourceDefinitionSpec): Hoisted {
  const [first, ...others] = versions ?? []
  if (!first) return {}
  const parts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const
  const shared = parts.filter(
    part => first[part] !== undefined && others.every(other => jsonEqual(other[part], first[part])),
  )
  return Object.fromEntries(shared.map(part => [part, first[part]]))
}

/** Versions as upstream prints them: by the names that fields have in its memory. */
export function shownVersions({ versions }: CustomResourceDefinitionSpec, hoisted: Hoisted): Shown {
  return new Shown(goJson((versions ?? []).map(version => internalVersion(version, hoisted))))
}

function internalVersion(version: CustomResourceDefinitionVersion, hoisted: Hoisted): object {
  const own = <K extends keyof Hoisted>(part: K) => (hoisted[part] === undefined ? version[part] : undefined)
  const schema = own('schema')
  const subresources = own('subresources')
  const columns = own('additionalPrinterColumns')
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: schema ? { OpenAPIV3Schema: internalSchema(schema.openAPIV3Schema) } : null,
    Subresources: subresources
      ? {
          Status: subresources.status ? {} : null,
          Scale: subresources.scale
            ? {
                SpecReplicasPath: subresources.scale.specReplicasPath,
                StatusReplicasPath: subresources.scale.statusReplicasPath,
                LabelSelectorPath: subresources.scale.labelSelectorPath ?? null,
              }
            : null,
        }
      : null,
    AdditionalPrinterColumns:
      columns?.map(({ name, type, format, description, priority, jsonPath }) => ({
        Name: name,
        Type: type,
        Format: format ?? '',
        Description: description ?? '',
        Priority: priority ?? 0,
        JSONPath: jsonPath,
      })) ?? null,
    SelectableFields: own('selectableFields')?.map(({ jsonPath }) => ({ JSONPath: jsonPath })) ?? null,
  }
}

const mapped = <T>(map: { readonly [name: string]: T } | undefined, form: (value: T) => unknown): unknown =>
  map &&
  Object.fromEntries(
    Object.entries(map)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, form(value)]),
  )

const orBool = (value: JSONSchemaPropsOrBool | undefined): unknown =>
  value === undefined
    ? null
    : typeof value === 'boolean'
      ? { Allows: value, Schema: null }
      : { Allows: true, Schema: internalSchema(value) }

const orArray = (value: JSONSchemaPropsOrArray | undefined): unknown => {
  if (value === undefined) return null
  if (Array.isArray(value)) return { Schema: null, JSONSchemas: value.map(internalSchema) }
  return { Schema: internalSchema(value as JSONSchemaProps), JSONSchemas: null }
}

/** A rule as upstream prints it. */
const internalRule = (rule: ValidationRule): object => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
})

const internalSchema = (schema: JSONSchemaProps | undefined): unknown => (schema ? shownSchema(schema) : null)

/** A schema by the names that its words have in upstream's memory. */
export function shownSchema(schema: JSONSchemaProps): object {
  const list = (schemas: readonly JSONSchemaProps[] | undefined) => schemas?.map(internalSchema) ?? null
  return {
    ID: schema.id ?? '',
    Schema: schema.$schema ?? '',
    Ref: schema.$ref ?? null,
    Description: schema.description ?? '',
    Type: schema.type ?? '',
    Nullable: schema.nullable ?? false,
    Format: schema.format ?? '',
    Title: schema.title ?? '',
    Default: schema.default ?? null,
    Maximum: schema.maximum ?? null,
    ExclusiveMaximum: schema.exclusiveMaximum ?? false,
    Minimum: schema.minimum ?? null,
    ExclusiveMinimum: schema.exclusiveMinimum ?? false,
    MaxLength: schema.maxLength ?? null,
    MinLength: schema.minLength ?? null,
    Pattern: schema.pattern ?? '',
    MaxItems: schema.maxItems ?? null,
    MinItems: schema.minItems ?? null,
    UniqueItems: schema.uniqueItems ?? false,
    MultipleOf: schema.multipleOf ?? null,
    Enum: schema.enum ?? null,
    MaxProperties: schema.maxProperties ?? null,
    MinProperties: schema.minProperties ?? null,
    Required: schema.required ?? null,
    Items: orArray(schema.items),
    AllOf: list(schema.allOf),
    OneOf: list(schema.oneOf),
    AnyOf: list(schema.anyOf),
    Not: internalSchema(schema.not),
    Properties: mapped(schema.properties, internalSchema) ?? null,
    AdditionalProperties: orBool(schema.additionalProperties),
    PatternProperties: mapped(schema.patternProperties, internalSchema) ?? null,
    Dependencies:
      mapped(schema.dependencies, value =>
        Array.isArray(value)
          ? { Schema: null, Property: value }
          : { Schema: internalSchema(value as JSONSchemaProps), Property: null },
      ) ?? null,
    AdditionalItems: orBool(schema.additionalItems),
    Definitions: mapped(schema.definitions, internalSchema) ?? null,
    ExternalDocs: schema.externalDocs
      ? { Description: schema.externalDocs.description ?? '', URL: schema.externalDocs.url ?? '' }
      : null,
    Example: schema.example ?? null,
    XPreserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] ?? null,
    XEmbeddedResource: schema['x-kubernetes-embedded-resource'] ?? false,
    XIntOrString: schema['x-kubernetes-int-or-string'] ?? false,
    XListMapKeys: schema['x-kubernetes-list-map-keys'] ?? null,
    XListType: schema['x-kubernetes-list-type'] ?? null,
    XMapType: schema['x-kubernetes-map-type'] ?? null,
    XValidations: schema['x-kubernetes-validations']?.map(internalRule) ?? null,
  }
}

export * from './conversion-review.js'
export * from './custom-resource-definition.js'
export * from './json-schema-props.js'
export * from './webhook-conversion.js'

export * from './flow-schema.js'
export * from './mandatory-objects.js'
export * from './priority-level-configuration.js'
